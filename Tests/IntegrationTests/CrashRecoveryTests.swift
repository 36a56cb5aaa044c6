import Foundation
import STTRig
import STTProcess
import STTTestKit
import Testing

/// The daemon is killed with SIGKILL again and again while it works.
@Suite("Crash recovery", .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"), .serialized)
struct CrashRecoveryTests {
    @Test(
        "ten kills during a job: every partial once, no committed chunk run again, nothing left over",
        .timeLimit(.minutes(3)))
    func tenKills() async throws {
        let kills = 10
        let slots = 2
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0.3)
        let daemon = try await DaemonProcess(in: folder, slots: slots, engine: engine.arguments)
        let recording = try folder.write(SyntheticAudio.bursts(170, seconds: 9), to: "long.wav")
        let submitted = try await daemon.client("submit", recording)
        #expect(submitted.status == 0, "\(submitted.errors)")
        let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        async let streamed = daemon.client("--retry-for", "60", "stream", job, limit: .seconds(150))
        for _ in 0..<kills {
            let before = engine.runs.count
            await waitUntil { engine.runs.count > before }
            // Not a wait for anything: the moment of the kill is to be any.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...500, using: &random)))
            await daemon.kill()
            try await daemon.start()
        }
        let stream = try await streamed
        #expect(stream.status == 0, "\(stream.errors)")
        let result = try await daemon.client("result", job, "--format", "txt")
        #expect(result.status == 0, "\(result.errors)")
        #expect(stream.output == result.output)
        let status = try #require(try await daemon.client("status", job, "--json").objects().first)
        let chunks = try #require(status["chunks_total"] as? Int)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == chunks)
        #expect(Set(lines).count == chunks)
        let runs = Dictionary(grouping: engine.runs, by: \.checksum)
        #expect(runs.count == chunks)
        // A chunk is run again only where a kill met it in mid-run.
        #expect(engine.runs.count <= chunks + kills * slots)
        print("chunks \(chunks), engine runs \(engine.runs.count), kills \(kills), slots \(slots)")
        let left = try FileManager.default.subpathsOfDirectory(atPath: daemon.data)
        #expect(!left.contains { $0.contains("/pcm/") })
        #expect(left.filter { $0.hasPrefix("tmp/") } == [])
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test("engines die with a killed daemon")
    func enginesDie() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 30)
        let daemon = try await DaemonProcess(in: folder, engine: engine.arguments)
        let recording = try folder.write(SyntheticAudio.bursts(8, seconds: 9), to: "long.wav")
        _ = try await daemon.client("submit", recording, "--language", "en")
        await waitUntil { engine.runs.count >= 2 }
        let engines = daemon.engines
        #expect(engines.count == 2)
        await daemon.kill()
        await waitUntil { engines.allSatisfy { ProcessFacts(pid: $0).map { $0.state == "Z" } ?? true } }
    }

    @Test("a job submitted before a restart is there after it, and so is its result")
    func persists() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, engine: engine.arguments)
        let recording = try folder.write(SyntheticAudio.bursts(3, seconds: 9), to: "talk.wav")
        let first = try await daemon.client("transcribe", recording, "--json")
        #expect(first.status == 0, "\(first.errors)")
        let job = try #require(try first.objects().compactMap { $0["job"] as? String }.first)
        let before = try await daemon.client("result", job, "--format", "json")
        #expect(await daemon.stop() == "exit status 0")
        try await daemon.start()
        let after = try await daemon.client("result", job, "--format", "json")
        #expect(after.status == 0 && after.output == before.output)
        #expect(await daemon.stop() == "exit status 0")
    }
}

/// Polls, since what it waits for is another process's doing.
func waitUntil(_ condition: () -> Bool) async {
    while !condition(), !Task.isCancelled {
        do { try await Task.sleep(for: .milliseconds(10)) } catch { return }
    }
}
