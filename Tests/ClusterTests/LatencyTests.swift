import STTClient
import STTCore
import STTRig
import Testing

/// How long a partial takes from its commit to the client.
@Suite("Latency", .serialized, .watchingIssues, .timeLimit(.minutes(3)))
struct LatencyTests {
    @Test("partials arrive within milliseconds of their commit, with 1 and with 500 open streams")
    func fromCommitToClient() async throws {
        try await withCluster(on: ServiceAddresses.forTests()) { cluster in
            let server = try await cluster.startServer()
            let worker = try await HandWorker(of: cluster)
            let clients = try (0..<5).map { _ in try cluster.client(of: [server]) }
            // The first ones warm everything up.
            _ = try await Self.run(1, jobs: 1, of: 20, worker, clients)
            let one = try await Self.run(1, jobs: 1, of: 200, worker, clients)
            print("commit to partial, 1 stream: \(one)")
            let many = try await Self.run(25, jobs: 20, of: 10, worker, clients)
            print("commit to partial, 500 streams: \(many)")
            #expect(one.p99 < .milliseconds(100))
            #expect(many.p99 < .milliseconds(500))
            await worker.close()
        }
    }

    @Test("a partial whose message Redis never delivered arrives within 1.5 s")
    func unpublished() async throws {
        try await withCluster(on: ServiceAddresses.forTests()) { cluster in
            let server = try await cluster.startServer()
            let worker = try await HandWorker(of: cluster)
            let clients = try (0..<5).map { _ in try cluster.client(of: [server]) }
            let one = try await Self.run(1, jobs: 1, of: 6, worker, clients, publishes: false)
            print("commit to partial, nothing published, 1 stream: \(one)")
            #expect(one.worst <= .milliseconds(1500))
            await worker.close()
        }
    }

    @Test("partials of a real worker arrive within 1.5 s when neither it nor the server can reach Redis")
    func redisCutOff() async throws {
        let services = try await ServiceAddresses.forTests()
        try await withCluster(on: services) { cluster in
            let redis = try await FaultProxy.tcp(to: services.redis)
            let routes = ClusterProcess.Routes(redis: redis)
            let server = try await cluster.startServer(routes: routes)
            let engine = try FakeWhisperServer(in: TemporaryFolder())
            try engine.behave("hold")
            try await cluster.startWorker(slots: 2, engine: engine, routes: routes)
            let client = try cluster.client(of: [server])
            let job = try await cluster.submit(Clip.talk(chunks: 2), through: client)
            try await waitUntil("the engines run") { engine.runs.count >= 2 }
            try await redis.set(.hang)
            try engine.behave("sleep 0")
            let recording = try #require(cluster.ledger.recording(of: job))
            try await waitUntil("the partials arrive", every: .milliseconds(5)) { recording.arrivals.count >= 2 }
            let answers = engine.answers
            for arrival in recording.arrivals.prefix(2) {
                let checksum = try #require(arrival.text.split(whereSeparator: \.isWhitespace).last.map(String.init))
                let delay = arrival.time - (try #require(answers[checksum]))
                print("engine's answer to partial without Redis: \(Int(delay * 1000)) ms")
                #expect(delay <= 1.5)
            }
            try await redis.set(.pass)
            try await cluster.settle(through: client)
            try await cluster.verify(through: client, allowing: Allowance(cleanUp: .seconds(40)))
        }
    }

    struct Figures: CustomStringConvertible {
        var latencies: [Duration]

        private func quantile(_ share: Double) -> Duration {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }

        var p99: Duration { quantile(0.99) }
        var worst: Duration { latencies.max() ?? .zero }

        var description: String {
            func text(_ duration: Duration) -> String {
                "\(Double(Int(duration.inSeconds * 100_000)) / 100) ms"
            }
            return "p50 \(text(quantile(0.5))), p99 \(text(p99)), worst \(text(worst)) (\(latencies.count) partials)"
        }
    }

    /// Opens so many streams on each of so many jobs, commits the jobs' chunks one after another, and measures every
    /// partial at every client.
    private static func run(
        _ streams: Int, jobs count: Int, of chunks: Int, _ worker: HandWorker, _ clients: [SpeechClient],
        publishes: Bool = true
    ) async throws -> Figures {
        var jobs: [(id: JobID, recordings: [StreamRecording])] = []
        for number in 0..<count {
            let id = try await worker.job(of: chunks, through: clients[number % clients.count])
            jobs.append(
                (id, (0..<streams).map { StreamRecording("\(id)", through: clients[$0 % clients.count]) }))
        }
        let all = jobs
        try await waitUntil("all streams are open", every: .milliseconds(50)) {
            all.allSatisfy { $0.recordings.allSatisfy(\.isOpen) }
        }
        var latencies: [Duration] = []
        for index in 0..<chunks {
            for job in jobs {
                let committed = try await worker.commit(index, of: job.id, publishes: publishes)
                try await waitUntil("chunk \(index) arrives", within: .seconds(5), every: .milliseconds(1)) {
                    job.recordings.allSatisfy { $0.arrivals.count > index }
                }
                latencies += job.recordings.map { $0.arrivals[index].at - committed }
            }
        }
        for recording in jobs.flatMap(\.recordings) { recording.cancel() }
        return Figures(latencies: latencies)
    }
}
