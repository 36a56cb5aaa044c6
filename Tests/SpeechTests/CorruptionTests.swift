import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// Damaged files: an error that says what is wrong, or what of the words is left.
@Suite(
    "Corruption",
    .enabled(if: Recordings.jfk != nil && SoundTools.isThere && FakeWhisperServer.isPossible, SoundTools.missing),
    .timeLimit(.minutes(5)))
struct CorruptionTests {
    private static let damaged: [Encoding] = [
        Encoding(file: "a.wav", tool: .ffmpeg(["-t", "4"])),
        Encoding(file: "a.flac", tool: .ffmpeg(["-t", "4"])),
        Encoding(file: "a.mp3", tool: .ffmpeg(["-t", "4"])),
        Encoding(file: "a.ogg", tool: .ffmpeg(["-t", "4", "-c:a", "libvorbis"])),
        Encoding(file: "a.opus", tool: .ffmpeg(["-t", "4", "-c:a", "libopus"])),
        Encoding(file: "a.m4a", tool: .ffmpeg(["-t", "4"])),
        Encoding(file: "a.webm", tool: .ffmpeg(["-t", "4", "-c:a", "libopus"])),
        Encoding(file: "a.amr-nb", tool: .sox(["-r", "8000"])),
    ]
    private static let count = 300
    private static let atOnce = 6

    @Test("300 damaged files end in time, each with words or a clear error, and leave nothing behind")
    func damagedFiles() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0)
        let daemon = try await SpeechDaemon(in: folder, engine: engine.arguments)
        let jfk = try #require(Recordings.jfk)
        var whole: [[UInt8]] = []
        for encoding in Self.damaged {
            let path = try await encoding.make(from: jfk, in: folder)
            // Every engine runs and every decoder was used once before anything is counted.
            #expect(try await daemon.transcribe(path).isCompleted, "\(encoding.file)")
            whole.append([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
        }
        try await waitUntil("decoders are gone") { daemon.children.count <= 2 }
        let before = (pid: daemon.pid, descriptors: daemon.openDescriptors, resident: daemon.residentKiB)

        var ends: [String: Int] = [:]
        try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<Self.count {
                if number >= Self.atOnce, let end = try await group.next() { ends[end, default: 0] += 1 }
                let bytes = Damage.apply(to: whole[number % whole.count], seed: UInt64(number))
                group.addTask { try await Self.end(of: bytes, number: number, daemon, in: folder) }
            }
            for try await end in group { ends[end, default: 0] += 1 }
        }
        print("damaged files: \(ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" })")
        #expect(ends.values.reduce(0, +) == Self.count)
        #expect(ends["completed", default: 0] > 0 && ends.count > 2)

        #expect(daemon.process.isRunning && daemon.pid == before.pid, "\(daemon.process.logTail())")
        try await waitUntil("nothing but engines runs") { daemon.children.count <= 2 }
        try await waitUntil("descriptors are closed") { daemon.openDescriptors <= before.descriptors + 2 }
        #expect(daemon.temporaryFiles.isEmpty)
        #expect(daemon.residentKiB < before.resident + 64 * 1024, "\(before.resident) KiB, then \(daemon.residentKiB)")
        #expect(await daemon.stop()?.isSuccess == true)
    }

    private static func end(
        of bytes: [UInt8], number: Int, _ daemon: SpeechDaemon, in folder: TemporaryFolder
    ) async throws -> String {
        let path = try folder.write(bytes, to: "damaged-\(number)")
        let recognised = try await daemon.transcribe(path, within: .seconds(60))
        if recognised.isCompleted { return "completed" }
        return try ClearError.check(recognised, "seed \(number)")
    }
}

/// An error that a person can act on: a known name, whole sentences, nothing of the server's own folders.
enum ClearError {
    static func check(_ recognised: Recognised, _ what: String) throws -> String {
        #expect(recognised.status.state == .failed, "\(what): \(recognised.status.state)")
        let error = try #require(recognised.status.error, "\(what)")
        #expect(error.code.hasPrefix("audio."), "\(what): \(error)")
        #expect(error.code != "audio.unreadable", "\(what): \(error)")
        let sentence = error.message
        #expect(sentence.hasSuffix(".") && sentence.count > 20 && sentence.count < 400, "\(what): \(sentence)")
        #expect(!sentence.contains("/tmp/") && !sentence.contains("0x"), "\(what): \(sentence)")
        return error.code
    }
}
