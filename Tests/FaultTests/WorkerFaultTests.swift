import STTClient
import STTRig
import Testing

/// Workers that die, freeze and come back.
@Suite("Worker faults", .serialized, .watchingIssues, .timeLimit(.minutes(3)))
struct WorkerFaultTests {
    @Test("a chunk whose worker was killed is retaken within 45 s, and no other chunk is run again")
    func killedInMidChunk() async throws {
        try await withFault("worker killed mid-chunk", "SIGKILL, default lease", settings: .defaults) {
            cluster, _, report in
            try await cluster.startServer()
            let (doomed, chunks, job, client) = try await Self.holdOneChunk(on: cluster)
            let healthy = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.02)
            try await cluster.startWorker(engine: healthy)
            try await cluster.chunksDone(chunks - 1, of: job, through: client)
            let recovery = try await seconds {
                await doomed.kill()
                try await cluster.settle(through: client, within: .seconds(50))
            }
            report.recovered(in: recovery)
            #expect(recovery <= .seconds(45))
            let verdict = try await cluster.verify(
                through: client, allowing: Allowance(repeatedRuns: 1, unacknowledged: 1))
            #expect(verdict.engineRuns == chunks + 1)
            #expect(healthy.runs.count == chunks)
        }
    }

    @Test("a chunk whose worker was killed between commit and acknowledgement is not run again")
    func killedBeforeAcknowledgement() async throws {
        try await withFault("worker killed between commit and ack", "its Redis hangs, commit, SIGKILL") {
            cluster, services, report in
            try await cluster.startServer()
            let redis = try await FaultProxy.tcp(to: services.redis.url)
            let engine = try FakeWhisperServer(in: TemporaryFolder())
            try engine.behave("hold")
            let doomed = try await cluster.startWorker(slots: 1, engine: engine, routes: .init(redis: redis))
            let client = try cluster.client()
            let job = try await cluster.submit(Clip.talk(chunks: 1), through: client)
            try await waitUntil("the chunk is being run") { engine.runs.count == 1 }
            try await redis.set(.hang)
            try engine.behave("sleep 0")
            try await cluster.chunksDone(1, of: job, through: client)
            await doomed.kill()
            #expect(try await RedisShell(services.redis.url).pendingEntries(of: cluster.keyPrefix) == 1)
            let recovery = try await seconds {
                try await cluster.startWorker(engine: engine)
                try await cluster.settle(through: client)
            }
            report.recovered(in: recovery)
            // What was not acknowledged comes again.
            let queue = try QueueHand(of: cluster)
            try await queue.enqueueEverything(of: [job], chunks: 1)
            try await queue.drain()
            await queue.close()
            try await cluster.verify(through: client, allowing: Allowance(unacknowledged: 1))
        }
    }

    @Test("a worker that was frozen past its lease has its result refused, and the refusal is counted")
    func frozenPastItsLease() async throws {
        try await withFault("worker frozen past its lease", "SIGSTOP until the chunk was retaken, SIGCONT") {
            cluster, _, report in
            try await cluster.startServer()
            let (frozen, chunks, _, client) = try await Self.holdOneChunk(on: cluster)
            frozen.freeze()
            let healthy = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.02)
            let recovery = try await seconds {
                try await cluster.startWorker(engine: healthy)
                try await cluster.settle(through: client)
            }
            report.recovered(in: recovery)
            for engine in cluster.engines.compactMap({ $0 as? FakeWhisperServer }) { try engine.behave("sleep 0") }
            frozen.resume()
            try await waitUntil("the refused result is counted") { try await client.queueStats().chunksFenced >= 1 }
            let verdict = try await cluster.verify(through: client, allowing: Allowance(repeatedRuns: 1))
            #expect(verdict.engineRuns == chunks + 1)
        }
    }

    /// A worker with one slot whose engine does not answer, on the first chunk of a job that has been cut.
    private static func holdOneChunk(
        on cluster: Cluster
    ) async throws -> (worker: ClusterProcess, chunks: Int, job: String, client: SpeechClient) {
        let engine = try FakeWhisperServer(in: TemporaryFolder())
        try engine.behave("hold")
        let worker = try await cluster.startWorker(slots: 1, engine: engine)
        let client = try cluster.client()
        let job = try await cluster.submit(Clip.talk(chunks: 4), through: client)
        var chunks = 0
        try await waitUntil("a chunk is being run and the recording is cut") {
            chunks = try await client.status(job).chunksTotal
            return engine.runs.count == 1 && chunks > 0
        }
        return (worker, chunks, job, client)
    }
}
