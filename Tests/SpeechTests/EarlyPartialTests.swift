import Foundation
import STTClient
import STTProcess
import STTRig
import STTTestKit
import Testing

/// How soon the first words of a recording come while the rest of it is still being sent, with the real Whisper.
@Suite(
    "First partial of an upload",
    .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
    .serialized, .timeLimit(.minutes(5)))
struct EarlyPartialTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// With `STT_EARLY_FILE`, `_SPEED`, `_PACED` and `_ROUNDS` it measures another recording, sent that many times as fast
    /// as it is spoken, for so many seconds of it, that often.
    ///
    /// A daemon that was built for debugging takes longer for what is not the engine's; `STT_BIN_DIR` names the release one.
    @Test("it comes within 1.5 times the first chunk's inference time, 2 in a debug build, and before the last byte")
    func firstPartial() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let speed = Double(Self.environment["STT_EARLY_SPEED"] ?? "") ?? 12
        let pacedSeconds = Double(Self.environment["STT_EARLY_PACED"] ?? "") ?? .infinity
        let rounds = Int(Self.environment["STT_EARLY_ROUNDS"] ?? "") ?? 1
        // Warm: the engine's first run loads its model.
        _ = try await daemon.transcribe(try #require(Recordings.jfk))
        var ratios: [Double] = []
        for file in try await forms(of: try await recording(in: folder), in: folder) {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
            let first = try await FirstChunk(of: file)
            var text = ""
            for _ in 0..<rounds {
                let upload = try await PacedUpload(
                    bytes, seconds: first.recordingSeconds, speed: speed, pacedSeconds: pacedSeconds,
                    to: daemon.client)
                let figures = try await upload.figures(first)
                print(file.suffix(4), figures)
                ratios.append(figures.ratio)
                #expect(upload.firstPartial < upload.lastByte)
                #expect(upload.first.endMilliseconds == first.endSample / 16)
                text = upload.text
            }
            let ordinary = try await daemon.transcribe(file)
            #expect(ordinary.text == text)
        }
        // A machine that does something else at the same moment makes one of them late.
        #expect(try #require(ratios.min()) < (Self.environment["STT_BIN_DIR"] == nil ? 2 : 1.5))
        #expect(await daemon.stop()?.isSuccess == true)
    }

    private func recording(in folder: TemporaryFolder) async throws -> String {
        if let file = Self.environment["STT_EARLY_FILE"] { return file }
        return try folder.write(
            SyntheticAudio.wav(try await Timeline(seconds: 120, seed: 3).samples), to: "timeline.wav")
    }

    private func forms(of original: String, in folder: TemporaryFolder) async throws -> [String] {
        guard SoundTools.isThere else { return [original] }
        let (flac, mp3) = (folder.file("timeline.flac"), folder.file("timeline.mp3"))
        try await SoundTools.ffmpeg(["-i", original, flac])
        try await SoundTools.ffmpeg(["-i", original, "-b:a", "64k", mp3])
        return [original, flac, mp3]
    }

    @Test(
        "FLAC that is damaged half-way ends its upload at once, with what is wrong",
        .enabled(if: SoundTools.isThere, SoundTools.missing))
    func damaged() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let path = folder.file("speech.flac")
        try await SoundTools.ffmpeg([
            "-f", "lavfi", "-i", "anoisesrc=d=120:a=0.3:seed=7", "-ar", "16000", path,
        ])
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let middle = bytes.count / 2
        for index in middle..<middle + 200_000 { bytes[index] = 0x55 }
        let sent = bytes
        let pieces = AsyncStream<[UInt8]> { continuation in
            // The last bytes never come.
            continuation.yield(Array(sent.dropLast(100)))
        }
        let upload = daemon.client.upload(stream: pieces, byteCount: sent.count, options: PacedUpload.options)
        do {
            for try await event in upload.events() {
                guard case .result(.status(let status)) = event, status.state.isTerminal else { continue }
                #expect(status.state == .failed && status.error?.code == "audio.corrupt")
            }
        } catch let error as SpeechError {
            #expect(error.reason == "audio.corrupt", "\(error)")
        }
        let error = await #expect(throws: SpeechError.self) { try await upload.submission }
        #expect(error?.reason == "audio.corrupt", "\(String(describing: error))")
        let ordinary = try folder.write(sent, to: "damaged.flac")
        let failed = try await daemon.transcribe(ordinary)
        #expect(failed.status.error?.code == error?.reason)
        #expect(await daemon.stop()?.isSuccess == true)
    }
}
