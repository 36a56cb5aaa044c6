import Foundation
import STTRig
import STTProcess
import STTTestKit
import Testing

@Suite("Cancellation", .timeLimit(.minutes(2)))
struct CancellationTests {
    @Test(
        "cancelling stops the engine within a second, ends streams, and frees the slot",
        .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    func cancel() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 60)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let talk = try folder.write(SyntheticAudio.bursts(6, seconds: 9), to: "talk.wav")
        let job = try await daemon.client("submit", talk).output.trimmingCharacters(in: .whitespacesAndNewlines)
        async let streamed = daemon.client("--retry-for", "60", "stream", job)
        await waitUntil { engine.runs.count == 1 }
        let running = try #require(engine.runs.first?.pid)
        let begun = ContinuousClock.now
        let cancelled = try await daemon.client("cancel", job)
        #expect(cancelled.status == 0, "\(cancelled.errors)")
        await waitUntil { ProcessFacts(pid: running) == nil }
        let elapsed = ContinuousClock.now - begun
        print("engine gone \(elapsed) after the cancel command was started")
        #expect(elapsed < .seconds(1))
        let stream = try await streamed
        #expect(stream.status == 7, "\(stream.errors)")
        let status = try #require(try await daemon.client("status", job, "--json").objects().first)
        #expect(status["state"] as? String == "cancelled")
        try engine.behave("sleep 0")
        let next = try folder.write(SyntheticAudio.bursts(1, seconds: 3), to: "next.wav")
        #expect(try await daemon.client("transcribe", next).status == 0)
        let again = try await daemon.client("stream", job)
        #expect(again.status == 7)
        let deleted = try await daemon.client("delete", job)
        #expect(deleted.status == 0, "\(deleted.errors)")
        #expect(try await daemon.client("status", job).status == 4)
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test(
        "Ctrl-C during transcribe cancels the job and ends with 130",
        .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    func interrupt() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 60)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let talk = try folder.write(SyntheticAudio.bursts(6, seconds: 9), to: "talk.wav")
        let client = try await daemon.startClient("transcribe", talk)
        await waitUntil { engine.runs.count == 1 }
        client.signal(SIGINT)
        #expect(await client.waitForExit().code == 130)
        let jobs = try await daemon.client("list", "--json").objects()
        #expect(jobs.map { $0["state"] as? String } == ["cancelled"])
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test(
        "a daemon that is told to stop in mid-job ends in time, and goes on with the job at its next start",
        .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    func drain() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 60)
        let daemon = try await DaemonProcess(
            in: folder, slots: 1, engine: engine.arguments, extra: ["--grace-seconds", "1"])
        let talk = try folder.write(SyntheticAudio.bursts(6, seconds: 9), to: "talk.wav")
        let job = try await daemon.client("submit", talk).output.trimmingCharacters(in: .whitespacesAndNewlines)
        async let streamed = daemon.client("--retry-for", "60", "stream", job)
        await waitUntil { engine.runs.count == 1 }
        #expect(await daemon.stop() == "exit status 0")
        try engine.behave("sleep 0")
        try await daemon.start()
        let stream = try await streamed
        #expect(stream.status == 0, "\(stream.errors)")
        let status = try #require(try await daemon.client("status", job, "--json").objects().first)
        let chunks = try #require(status["chunks_total"] as? Int)
        #expect(stream.output.split(separator: "\n").count == chunks)
        #expect(status["chunk_attempts"] as? Int == chunks + 1)
        #expect(await daemon.stop() == "exit status 0")
    }
}
