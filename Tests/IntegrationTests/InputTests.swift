import Foundation
import STTRig
import STTTestKit
import Testing

/// Wrong input of every kind: one clear line, the documented status, and the daemon goes on.
@Suite("Wrong input", .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"), .timeLimit(.minutes(3)))
struct InputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var status: Int32
        /// Part of the error, or of the output where the status is 0.
        var says: String
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "empty file", bytes: [], status: 5, says: "empty"),
        Case(
            name: "text renamed .wav", bytes: Array("Dear Sir or Madam,\nthis is a letter.\n".utf8), status: 5,
            says: "not audio"),
        Case(
            name: "wav cut in half", bytes: Array(SyntheticAudio.bursts(2, seconds: 9).prefix(300_000)), status: 5,
            says: "is cut off"),
        Case(name: "no samples", bytes: SyntheticAudio.wav([]), status: 5, says: "without a single sample"),
        Case(name: "silence", bytes: SyntheticAudio.wav(SyntheticAudio.silence(seconds: 1)), status: 0, says: ""),
        Case(name: "2.4 s", bytes: SyntheticAudio.bursts(1, seconds: 1.5), status: 0, says: "words of "),
    ]

    @Test("a file ends with the documented status", arguments: cases)
    func file(_ input: Case) async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let file = try folder.write(input.bytes, to: "file.wav")
        let outcome = try await daemon.client("transcribe", file)
        #expect(outcome.status == input.status, "\(outcome.errors)")
        if input.status == 0 {
            #expect(outcome.output.hasPrefix(input.says))
            if input.says.isEmpty { #expect(outcome.output.isEmpty && engine.runs.isEmpty) }
        } else {
            #expect(outcome.output.isEmpty)
            let errors = outcome.errors.split(separator: "\n")
            #expect(errors.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("stt-rpc: error:") && outcome.errors.contains("file.wav"))
            #expect(outcome.errors.lowercased().contains(input.says), "\(outcome.errors)")
        }
        #expect(try await daemon.client("health").status == 0)
        #expect(await daemon.stop() == "exit status 0")
        #expect(try FileManager.default.contentsOfDirectory(atPath: daemon.data + "/tmp").isEmpty)
    }

    @Test("unknown jobs and bad options end with the documented status")
    func commands() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let file = try folder.write(SyntheticAudio.bursts(1, seconds: 2), to: "file.wav")
        let unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
        let expectations: [(arguments: [String], status: Int32)] = [
            (["status", unknown], 4), (["stream", unknown], 4), (["result", unknown], 4), (["cancel", unknown], 4),
            (["delete", unknown], 4), (["status", "no-such-id"], 4), (["transcribe", file, "--temperature", "7"], 2),
            (["transcribe", file, "--chunk-seconds", "100"], 2), (["transcribe", file, "--language", "klingon"], 2),
            (["transcribe", file, "--format", "docx"], 2), (["transcribe"], 2), (["frobnicate"], 2),
            (["transcribe", "/no/such/file.wav"], 5), (["transcribe", folder.path], 5),
            (["list", "--state", "sleeping"], 2), (["stream", unknown, "--from-chunk", "-1"], 2),
        ]
        for (arguments, status) in expectations {
            let outcome = try await daemon.client(arguments)
            #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
            #expect(outcome.output.isEmpty, "\(arguments): \(outcome.output)")
            #expect(outcome.errors.contains("error"), "\(arguments): \(outcome.errors)")
        }
        #expect(await daemon.stop() == "exit status 0")
        let gone = try await daemon.client("status", unknown)
        #expect(gone.status == 3)
        #expect(gone.errors.split(separator: "\n").count == 1, "\(gone.errors)")
    }

    @Test("a server that goes away in mid-upload ends the client, and leaves nothing of the upload")
    func goneInMidUpload() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        // A pipe that stays open: the upload cannot end before the server does.
        let pipe = folder.file("pipe.wav")
        #expect(mkfifo(pipe, 0o600) == 0)
        async let submitted = daemon.client("--retry-for", "1", "submit", pipe)
        let writer = try await openForWriting(pipe)
        let bytes = SyntheticAudio.bursts(10, seconds: 9)
        _ = bytes.withUnsafeBytes { write(writer, $0.baseAddress, 60_000) }
        await waitUntil {
            (try? FileManager.default.contentsOfDirectory(atPath: daemon.data + "/tmp"))?.isEmpty == false
        }
        await daemon.kill()
        close(writer)
        let outcome = try await submitted
        #expect(outcome.status == 3, "\(outcome.errors)")
        try await daemon.start()
        #expect(try FileManager.default.contentsOfDirectory(atPath: daemon.data + "/tmp").isEmpty)
        #expect(try await daemon.client("list", "--json").output.isEmpty)
        #expect(await daemon.stop() == "exit status 0")
    }

    /// Opening a pipe waits for its reader, so it is done where waiting does no harm.
    private func openForWriting(_ path: String) async throws -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: open(path, O_WRONLY | O_CLOEXEC)) }
        }
    }
}
