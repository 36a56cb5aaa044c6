import STTClient
import STTRig
import Testing

/// A MongoDB that is away or slow.
@Suite("MongoDB faults", .serialized, .watchingIssues, .timeLimit(.minutes(3)))
struct MongoFaultTests {
    @Test("jobs that run and jobs that come while MongoDB is down for 20 s are all done")
    func down() async throws {
        try await withFault("MongoDB down for 20 s", "SIGKILL, a submit meanwhile, start again with its data") {
            cluster, services, report in
            try await cluster.startServer()
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.3)
            try await cluster.startWorker(engine: engine)
            try await cluster.startWorker(engine: engine)
            let client = try cluster.client()
            for _ in 0..<2 { try await cluster.submit(Clip.talk(chunks: 8), through: client) }
            try await waitUntil("chunks are being run") { engine.runs.count >= 5 }
            await services.mongodb.kill()
            let late = Task { try await cluster.submit(Clip.talk(chunks: 2), through: client, key: "late") }
            // The outage itself, not a wait for anything.
            try await Task.sleep(for: .seconds(20))
            try await services.mongodb.start()
            let recovery = try await seconds {
                _ = try await late.value
                try await cluster.settle(through: client)
            }
            report.recovered(in: recovery)
            // What was in the engines when the leases could not be renewed is given up and run again: one for each slot.
            try await cluster.finish(through: client, allowing: Allowance(repeatedRuns: 4))
        }
    }

    @Test("everything works, only slower, with 200 ms on the way to MongoDB and back")
    func slow() async throws {
        try await withFault("MongoDB slow", "200 ms each way for all processes") { cluster, services, report in
            let mongodb = try await FaultProxy.tcp(to: services.mongodb.url)
            let routes = ClusterProcess.Routes(mongodb: mongodb)
            try await cluster.startServer(routes: routes)
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.1)
            try await cluster.startWorker(engine: engine, routes: routes)
            try await cluster.startWorker(engine: engine, routes: routes)
            try await mongodb.shape(delay: .milliseconds(200))
            let client = try cluster.client()
            let time = try await seconds {
                for _ in 0..<3 { try await cluster.submit(Clip.talk(chunks: 3), through: client) }
                try await cluster.settle(through: client, within: .seconds(90))
            }
            report.note("3 jobs of 3 chunks in \(time.inSeconds.rounded()) s")
            try await mongodb.shape()
            try await cluster.finish(through: client)
        }
    }
}
