import Foundation
import STTRig
import STTTestKit
import Testing

/// Engines that die, hang and say nothing.
@Suite("Engine faults", .serialized, .timeLimit(.minutes(3)))
struct EngineFaultTests {
    @Test(
        "a real whisper-server that is killed or stopped in mid-run costs an attempt, not the job",
        .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
        arguments: [SIGKILL, SIGSTOP])
    func realEngine(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        let whisper = try #require(Recordings.whisper)
        let daemon = try await DaemonProcess(
            in: folder, slots: 1, engine: whisper, extra: ["--engine-timeout-seconds", "15"])
        let recording = try folder.write(try Recordings.longSpeech(), to: "talk.wav")
        let submitted = try await daemon.client("submit", recording)
        let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        // One that is killed while it starts costs no attempt.
        await waitUntil { daemon.logTail.contains("whisper-server is ready") }
        // Frozen first: an engine that is then waited for is in mid-run for certain.
        while true {
            guard try await isBusy(daemon), let engine = daemon.engines.first else { continue }
            kill(engine, SIGSTOP)
            if try await staysBusy(daemon) {
                if signal != SIGSTOP { kill(engine, signal) }
                break
            }
            kill(engine, SIGCONT)
        }
        let text = try await daemon.client("stream", job)
        #expect(text.status == 0, "\(text.errors) \(daemon.logTail)")
        #expect(text.output.lowercased().contains("what you can do for your country"))
        let status = try #require(try await daemon.client("status", job, "--json").objects().first)
        let chunks = try #require(status["chunks_total"] as? Int)
        #expect(status["chunk_attempts"] as? Int == chunks + 1, "\(status)")
        #expect(await daemon.stop() == "exit status 0")
    }

    /// Whether the slot waits for its engine, and does not only claim a chunk or store one, which takes less than two seconds.
    private func staysBusy(_ daemon: DaemonProcess) async throws -> Bool {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(2) {
            guard try await isBusy(daemon) else { return false }
        }
        return true
    }

    private func isBusy(_ daemon: DaemonProcess) async throws -> Bool {
        let stats = try #require(try await daemon.client("stats", "--json").objects().first)
        return stats["slots_busy"] as? Int == 1
    }

    @Test(
        "an engine that ends with status 0 and no output costs an attempt, not the job",
        .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    func silentExit() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        try engine.behave("exit")
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let recording = try folder.write(SyntheticAudio.bursts(1, seconds: 5), to: "talk.wav")
        async let transcribed = daemon.client("transcribe", recording)
        await waitUntil { engine.runs.count == 1 }
        try engine.behave("sleep 0")
        let outcome = try await transcribed
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("words of "))
        #expect(Set(engine.runs.map(\.pid)).count >= 2)
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test(
        "a chunk that always kills the engine is a gap with its cause, and the rest of the transcript is there",
        .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    func poison() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, slots: 1, engine: engine.arguments)
        let recording = try folder.write(SyntheticAudio.bursts(14, seconds: 9), to: "talk.wav")
        // Find out what the second chunk's audio is, then let it kill the engine in a second job.
        let clean = try await daemon.client("transcribe", recording)
        let lines = clean.output.split(separator: "\n").map(String.init)
        let victim = try #require(lines.dropFirst().first?.split(separator: " ").last)
        try engine.behave("crash-on \(victim)")
        let hurt = try await daemon.client("transcribe", recording, "--json")
        #expect(hurt.status == 0, "\(hurt.errors)")
        let partials = try hurt.objects().filter { $0["type"] as? String == "partial" }
        let gaps = partials.flatMap { $0["gaps"] as? [[String: Any]] ?? [] }
        // The halves are other audio, which does not kill the engine: the words are there, from two runs.
        #expect(gaps.isEmpty)
        #expect(partials.count == lines.count)
        try engine.behave("crash")
        let lost = try await daemon.client("transcribe", recording, "--fail-on-gaps")
        #expect(lost.status == 10)
        #expect(lost.errors.contains("engine.crashed") || lost.errors.contains("ended"), "\(lost.errors)")
        try engine.behave("sleep 0")
        let healed = try await daemon.client("transcribe", recording)
        #expect(healed.output == clean.output)
        #expect(await daemon.stop() == "exit status 0")
    }
}
