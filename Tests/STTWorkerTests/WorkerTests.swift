import STTCore
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

@Suite("Worker", .timeLimit(.minutes(5)))
struct WorkerTests {
    @Test("transcribes every chunk once and merges them in order")
    func completes() async throws {
        let harness = try WorkerHarness { run in .say("chunk of \(run.samples.count)") }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(8, seconds: 9))
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .completed)
        #expect(job.failure == nil)
        let chunks = try await harness.store.chunks(of: id, from: 0, limit: 100)
        #expect(chunks.count > 2)
        #expect(chunks.allSatisfy { $0.state == .done && $0.claims == 1 })
        #expect(harness.engines.runs.count == chunks.count)
        let expected = chunks.map { "chunk of \($0.span.endSample - $0.span.startSample)\n" }.joined()
        #expect(try await harness.text(of: job) == expected)
        await harness.stop()
    }

    @Test("removes the samples of chunks once they are done")
    func removesSamples() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(6, seconds: 9))
        _ = try await harness.waitForEnd(id)
        await harness.stop()
        let keys = try await harness.objects.keys(below: .job(id))
        #expect(Set(keys) == [.audio(of: id), .transcript(of: id)])
    }

    @Test("completes silence without asking an engine")
    func silence() async throws {
        let harness = try WorkerHarness { _ in .say("invented") }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.wav(SyntheticAudio.silence(seconds: 30)))
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .completed)
        #expect(try await harness.text(of: job) == "")
        #expect(harness.engines.runs.isEmpty)
        await harness.stop()
    }

    @Test("fails a job whose upload is not audio, with the reason")
    func notAudio() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        harness.start()
        let id = try await harness.submit(Array("these are words, not a recording of words".utf8))
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .failed)
        #expect(job.failure?.code == "audio.notAudio")
        await harness.stop()
    }

    @Test("tries a chunk again in a fresh process", arguments: [EngineError.Code.crashed, .timedOut, .invalidOutput])
    func retries(code: EngineError.Code) async throws {
        let isFirst = Mutex(true)
        let harness = try WorkerHarness(slots: 1) { _ in
            isFirst.withLock {
                let first = $0; $0 = false; return first
            } ? .fail(code) : .say("words")
        }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .completed)
        #expect(try await harness.text(of: job) == "words\n", "\(job)")
        #expect(harness.engines.runs.map(\.generation) == [0, 1])
        await harness.stop()
    }

    @Test("a chunk that always kills the engine ends as gaps with their cause, and the rest is there")
    func gap() async throws {
        let poisoned = Mutex<[Int16]>([])
        let harness = try WorkerHarness(slots: 1) { run in
            let isPoisoned = poisoned.withLock { first in
                if first.isEmpty { first = run.samples }
                // A half of it, too.
                return first.contains(Array(run.samples.dropFirst(16_000).prefix(500)))
            }
            return isPoisoned ? .fail(.crashed) : .say("words")
        }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(4, seconds: 9))
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .completed)
        #expect(job.progress.chunksWithGaps == 1)
        let chunks = try await harness.store.chunks(of: id, from: 0, limit: 10)
        let result = try #require(chunks.first?.result)
        #expect(result.gaps.map(\.cause.code) == ["engine.crashed", "engine.crashed"])
        #expect(result.gaps.first?.startMilliseconds == chunks.first?.span.startMilliseconds)
        #expect(result.gaps.last?.endMilliseconds == chunks.first?.span.endMilliseconds)
        let others = chunks.dropFirst().map { $0.result?.segments.map(\.text) }
        #expect(!others.isEmpty && others.allSatisfy { $0 == ["words"] })
        await harness.stop()
    }

    @Test("an engine that cannot be started for long costs the chunk nothing")
    func unavailableEngine() async throws {
        let trials = Mutex(0)
        let harness = try WorkerHarness(slots: 1) { _ in
            let trial = trials.withLock { count in
                count += 1
                return count
            }
            return trial <= 40 ? .fail(.unavailable) : .say("words")
        }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        let job = try await harness.waitForEnd(id)
        #expect(try await harness.text(of: job) == "words\n")
        #expect(job.progress.chunksWithGaps == 0)
        #expect(harness.engines.runs.count == 41)
        await harness.stop()
    }

    @Test("a chunk that takes its workers down is a gap in the end")
    func lostWorkers() async throws {
        let harness = try WorkerHarness(slots: 1, change: { $0.maximumLostClaims = 3 }) { _ in .say("words") }
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        let owner = OwnerToken()
        _ = try await harness.store.claim(.prepare, of: id, owner: owner, lease: .seconds(60))
        let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: 80_000)
        let span = ChunkSpan(index: 0, startSample: 0, endSample: 80_000)
        _ = try await harness.store.addChunks([span], to: id, owner: owner, format: format)
        _ = try await harness.store.finishPreparing(id, owner: owner, chunkCount: 1, format: format)
        for _ in 0..<3 {
            let claim = try await harness.store.claimChunk(0, of: id, owner: OwnerToken(), lease: .seconds(60))
            #expect(claim != nil)
            try await harness.store.releaseAllLeases()
        }
        harness.start()
        let job = try await harness.waitForEnd(id)
        #expect(job.state == .completed && job.progress.chunksWithGaps == 1)
        let result = try #require(try await harness.store.chunks(of: id, from: 0, limit: 1).first?.result)
        #expect(result.gaps.map(\.cause.code) == ["worker.lost"])
        #expect(harness.engines.runs.isEmpty)
        await harness.stop()
    }

    @Test("a cancelled job's engine stops at once and the slot takes the next job")
    func cancel() async throws {
        let isLong = { @Sendable (run: ScriptedEngines.Run) in run.samples.count > 16_000 * 7 }
        let harness = try WorkerHarness(slots: 1) { run in
            isLong(run) ? .hang : .say("next")
        }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 9))
        let next = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        try await eventually { harness.engines.runs.contains(where: isLong) }
        let outcome = try await harness.store.cancel(
            id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(3600))
        try await harness.events.publish(control: .stop(id))
        guard case .cancelled = outcome else {
            Issue.record("not cancelled: \(outcome)")
            return
        }
        let job = try await harness.waitForEnd(next)
        #expect(try await harness.text(of: job) == "next\n")
        // It may have been the second to be asked.
        try await eventually { harness.engines.stopped == 1 }
        #expect(try await harness.store.job(id, tenant: nil)?.state == .cancelled)
        await harness.stop()
    }

    @Test("without a control event, a cancelled job's engine stops at the next renewal")
    func cancelByRenewal() async throws {
        let harness = try WorkerHarness(slots: 1) { _ in .hang }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        try await eventually { !harness.engines.runs.isEmpty }
        _ = try await harness.store.cancel(
            id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(3600))
        for await _ in AsyncTimer(interval: .milliseconds(10)) where harness.engines.stopped == 1 { break }
        await harness.stop()
    }

    @Test("a worker that is stopped gives its chunk back uncharged, and another finishes the job")
    func handsOver() async throws {
        let isFirst = Mutex(true)
        let harness = try WorkerHarness(slots: 1) { _ in
            isFirst.withLock {
                let first = $0; $0 = false; return first
            } ? .hang : .say("words")
        }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        try await eventually { !harness.engines.runs.isEmpty }
        await harness.stop()
        let chunk = try #require(try await harness.store.chunks(of: id, from: 0, limit: 1).first)
        #expect(chunk.state == .pending && chunk.attempts == 0 && chunk.claims == 1)
        harness.start()
        let job = try await harness.waitForEnd(id)
        #expect(try await harness.text(of: job) == "words\n")
        await harness.stop()
    }

    @Test("a deleted job is collected with everything it left")
    func collects() async throws {
        let harness = try WorkerHarness { _ in .say("words") }
        harness.start()
        let id = try await harness.submit(SyntheticAudio.bursts(1, seconds: 5))
        _ = try await harness.waitForEnd(id)
        _ = try await harness.store.markDeleted(id, tenant: nil)
        for await _ in AsyncTimer(interval: .milliseconds(10)) {
            if try await harness.store.collectable(limit: 10).isEmpty { break }
        }
        #expect(try await harness.objects.keys(below: .job(id)).isEmpty)
        await harness.stop()
    }
}
