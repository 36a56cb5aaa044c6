import Foundation
import STTRig
import STTTestKit
import Testing

/// The real programs with a transcription server as their engine.
@Suite(
    "A remote engine", .enabled(if: FakeOpenAIServer.isPossible, "python3 is not installed"), .serialized,
    .timeLimit(.minutes(3)))
struct RemoteEngineTests {
    private func arguments(_ server: FakeOpenAIServer, _ folder: TemporaryFolder) throws -> [String] {
        [
            "--engine-kind", "openai", "--engine-url", server.url, "--engine-remote-model", "whisper-1",
            "--engine-api-key-file", try folder.write("sesame\n", to: "key"),
        ]
    }

    @Test("transcribes a recording, though its server is busy, fails and breaks off at first")
    func transcript() async throws {
        let folder = try TemporaryFolder()
        let server = try await FakeOpenAIServer(
            key: "sesame", .status(429, headers: ["retry-after": "1"]), .status(500), .init(.cut), .init())
        let daemon = try await DaemonProcess(in: folder, slots: 3, engine: try arguments(server, folder))
        let recording = try folder.write(SyntheticAudio.bursts(14, seconds: 9), to: "talk.wav")
        let outcome = try await daemon.client("transcribe", recording)
        #expect(outcome.status == 0, "\(outcome.errors) \(daemon.logTail)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.count > 2)
        #expect(Set(lines) == Set(server.requests.map { "words of \($0.checksum)" }))
        #expect(server.requests.count == lines.count + 3)
        #expect(server.requests.allSatisfy { $0.authorization == "Bearer sesame" })
        // None of it cost a chunk an attempt, and the key is nowhere.
        let log = try String(contentsOfFile: folder.file("daemon.log"), encoding: .utf8)
        #expect(!log.contains("sesame"))
        let status = try #require(try await daemon.client("list", "--json").objects().first)
        #expect(status["chunk_attempts"] as? Int == status["chunks_total"] as? Int, "\(status)")
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test("that refuses its key shows in Health with what to do, and the job goes on once the key is right")
    func wrongKey() async throws {
        let folder = try TemporaryFolder()
        let server = try await FakeOpenAIServer(key: "sesame")
        var arguments = try arguments(server, folder)
        try folder.write("wrong\n", to: "key")
        arguments += ["--engine-requests-per-second", "50", "--engine-concurrency", "2"]
        let daemon = try await DaemonProcess(in: folder, slots: 2, engine: arguments)
        let recording = try folder.write(SyntheticAudio.bursts(1, seconds: 5), to: "talk.wav")
        let transcribing = Task { try await daemon.client("transcribe", recording) }
        try await waitUntil("the trouble shows") {
            try await daemon.client("health", "--json").output.contains("correct the access key")
        }
        try folder.write("sesame\n", to: "key")
        let outcome = try await transcribing.value
        #expect(outcome.status == 0, "\(outcome.errors) \(daemon.logTail)")
        #expect(outcome.output.hasPrefix("words of "))
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test("whose server hangs is left at once when the job is cancelled")
    func cancellation() async throws {
        let folder = try TemporaryFolder()
        let server = try await FakeOpenAIServer(key: "sesame", .init(.hang))
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: try arguments(server, folder))
        let recording = try folder.write(SyntheticAudio.bursts(1, seconds: 5), to: "talk.wav")
        let submitted = try await daemon.client("submit", recording)
        #expect(await server.hasRequests(1))
        let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await daemon.client("cancel", job).status == 0)
        #expect(await server.hasDepartures(1))
        #expect(await daemon.stop() == "exit status 0")
    }
}
