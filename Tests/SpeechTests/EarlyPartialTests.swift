import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Synchronization
import Testing

/// How soon the first words of a recording come while the rest of it is still being sent, with the real Whisper.
@Suite(
    "First partial of an upload",
    .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
    .serialized, .timeLimit(.minutes(5)))
struct EarlyPartialTests {
    private static let options = SubmissionOptions(
        transcription: .init(language: "en"), transcribesWhileUploading: true)

    @Test("it comes within 1.5 times the first chunk's inference time, and before the last byte")
    func firstPartial() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let timeline = try await Timeline(seconds: 240, seed: 3)
        let recording = SyntheticAudio.wav(timeline.samples)
        // Warm: the engine's first run loads its model.
        _ = try await daemon.transcribe(try #require(Recordings.jfk))

        // Twelve times as fast as it is spoken.
        let pace = Pace(bytes: recording, bytesPerSecond: 12 * 32_000)
        let upload = daemon.client.upload(stream: pace.pieces(), byteCount: recording.count, options: Self.options)
        var text = ""
        var first: (partial: Partial, at: ContinuousClock.Instant)?
        for try await event in upload.events() {
            guard case .result(.partial(let partial)) = event else { continue }
            if first == nil { first = (partial, .now) }
            text += partial.text
        }
        let (partial, at) = try #require(first)
        // The detector hears a second beyond its first window of 15 s.
        let needed = try #require(pace.time(ofByte: 44 + 16 * 32_000))
        let chunkEnd = try #require(pace.time(ofByte: 44 + partial.endMilliseconds * 32))
        let lastByte = try await upload.submission.lastByteSent
        let inference = Duration.milliseconds(partial.engineMilliseconds)
        print(
            """
            first partial: \(at - needed) after the byte that completes what the first chunk is cut from \
            (\(at - chunkEnd) after the chunk's own last byte), \(lastByte - at) before the last byte; \
            inference of the first chunk \(inference), ratio \(Self.ratio(at - needed, inference))
            """)
        #expect(at < lastByte)
        #expect(at - needed < inference * 1.5 + .seconds(1), "the speech detector's second is in it")

        let ordinary = try await daemon.transcribe(try folder.write(recording, to: "timeline.wav"))
        #expect(ordinary.text == text)
        #expect(await daemon.stop()?.isSuccess == true)
    }

    private static func ratio(_ time: Duration, _ inference: Duration) -> String {
        String(format: "%.2f", time / inference)
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
        let upload = daemon.client.upload(stream: pieces, byteCount: sent.count, options: Self.options)
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

/// Gives bytes at a rate, and remembers when.
private final class Pace: Sendable {
    private let bytes: [UInt8]
    private let bytesPerSecond: Int
    private let times = Mutex<[(end: Int, at: ContinuousClock.Instant)]>([])

    init(bytes: [UInt8], bytesPerSecond: Int) {
        self.bytes = bytes
        self.bytesPerSecond = bytesPerSecond
    }

    /// When a byte was handed over to be sent.
    func time(ofByte index: Int) -> ContinuousClock.Instant? {
        times.withLock { $0.first { $0.end > index }?.at }
    }

    func pieces() -> AsyncStream<[UInt8]> {
        let begun = ContinuousClock.now
        let sent = Mutex(0)
        return AsyncStream {
            let start = sent.withLock { $0 }
            guard start < self.bytes.count else { return nil }
            let end = min(start + 8_192, self.bytes.count)
            let due = begun + .seconds(Double(end) / Double(self.bytesPerSecond))
            do { try await Task.sleep(until: due) } catch { return nil }
            sent.withLock { $0 = end }
            self.times.withLock { $0.append((end, .now)) }
            return Array(self.bytes[start..<end])
        }
    }
}
