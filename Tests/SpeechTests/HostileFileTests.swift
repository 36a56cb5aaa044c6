import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// Files made to cost the server its memory, its time or its secrets.
@Suite(
    "Hostile files",
    .enabled(if: Recordings.jfk != nil && SoundTools.isThere && FakeWhisperServer.isPossible, SoundTools.missing),
    .timeLimit(.minutes(3)))
struct HostileFileTests {
    @Test("a file that names other files or addresses is refused, and nothing of what it names is opened")
    func playlists() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0)
        let daemon = try await SpeechDaemon(in: folder, engine: engine.arguments)
        let canary = Canary()
        let secret = try folder.write(SyntheticAudio.bursts(2, seconds: 4), to: "secret.wav")
        for (name, bytes) in HostileFiles.playlists(naming: secret, port: canary.port) {
            let path = try folder.write(bytes, to: name)
            let recognised = try await daemon.transcribe(path, within: .seconds(30))
            let code = try ClearError.check(recognised, name)
            #expect(["audio.notAudio", "audio.unsupportedCodec", "audio.corrupt"].contains(code), "\(name): \(code)")
            #expect(!canary.wasTouched, "\(name)")
        }
        #expect(engine.runs.isEmpty)
        #expect(await daemon.stop()?.isSuccess == true)
    }

    @Test("a header that promises hours, and hours of nothing in a small file, end soon and in little memory")
    func bombs() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0)
        let daemon = try await SpeechDaemon(
            in: folder, engine: engine.arguments, extra: ["--max-audio-hours", "2"])
        let jfk = try #require(Recordings.jfk)
        func encoded(_ file: String, _ arguments: [String]) async throws -> [UInt8] {
            let path = try await Encoding(file: file, tool: .ffmpeg(arguments)).make(from: jfk, in: folder)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        let flac = try await encoded("whole.flac", [])
        let mp4 = try await encoded("whole.m4a", [])
        let before = daemon.residentKiB
        let files: [(name: String, bytes: [UInt8], codes: Set<String>)] = [
            ("long.wav", HostileFiles.longWave(), ["audio.truncated", "audio.tooLong"]),
            ("long.flac", HostileFiles.longFLAC(flac), ["audio.truncated", "audio.tooLong"]),
            ("long.m4a", HostileFiles.longMP4(mp4), ["audio.truncated", "audio.tooLong", "completed"]),
            ("silent.opus", HostileFiles.silentOpus(hours: 24), ["audio.tooLong"]),
        ]
        for (name, bytes, codes) in files {
            let path = try folder.write(bytes, to: name)
            let recognised = try await daemon.transcribe(path, within: .seconds(60))
            let code = recognised.isCompleted ? "completed" : try ClearError.check(recognised, name)
            #expect(codes.contains(code), "\(name): \(code)")
            #expect(recognised.elapsed < .seconds(20), "\(name): \(recognised.elapsed)")
        }
        #expect(daemon.residentKiB < before + 64 * 1024, "\(before) KiB, then \(daemon.residentKiB)")
        try await waitUntil("decoders are gone") { daemon.children.count <= 2 }
        #expect(daemon.temporaryFiles.isEmpty)
        #expect(await daemon.stop()?.isSuccess == true)
    }
}
