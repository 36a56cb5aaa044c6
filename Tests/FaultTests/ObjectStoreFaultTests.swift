import STTClient
import STTRig
import Testing

/// An S3 server that answers wrongly, late or not at all.
@Suite("S3 faults", .serialized, .watchingIssues, .timeLimit(.minutes(2)))
struct ObjectStoreFaultTests {
    @Test("requests that S3 answers with 500 or 503 are repeated")
    func errors() async throws {
        try await Self.run("S3 answers 500 and 503", "3 reads, 3 writes and 2 deletions of each process") { s3 in
            try await s3.fail(method: "GET", containing: "/jobs/", with: .internalError, count: 3)
            try await s3.fail(method: "PUT", containing: "/jobs/", with: .slowDown, count: 3)
            try await s3.fail(method: "DELETE", containing: "/jobs/", with: .internalError, count: 2)
        }
    }

    @Test("requests that S3 never answers are given up and repeated")
    func hanging() async throws {
        try await Self.run("S3 hangs", "a read and a write of each process") { s3 in
            try await s3.fail(method: "GET", containing: "/jobs/", with: .hang, count: 1)
            try await s3.fail(method: "PUT", containing: "/jobs/", with: .hang, count: 1)
        }
    }

    @Test("a body that ends early is noticed and read again")
    func cutShort() async throws {
        try await Self.run("S3 cuts a body short", "3 reads of each process end at half") { s3 in
            try await s3.fail(method: "GET", containing: "/jobs/", with: .half, count: 3)
        }
    }

    private static func run(
        _ fault: String, _ done: String, _ set: (FaultProxy) async throws -> Void
    ) async throws {
        try await withFault(fault, done) { cluster, services, report in
            let serverProxy = try await FaultProxy.http(to: services.s3.url)
            let workerProxy = try await FaultProxy.http(to: services.s3.url)
            try await cluster.startServer(routes: .init(s3: serverProxy))
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.02)
            try await cluster.startWorker(engine: engine, routes: .init(s3: workerProxy))
            let client = try cluster.client()
            try await set(serverProxy)
            try await set(workerProxy)
            let time = try await seconds {
                for number in 0..<3 {
                    try await cluster.submit(Clip.talk(chunks: 3), through: client, key: "job \(number)")
                }
                try await cluster.settle(through: client, within: .seconds(80))
            }
            report.recovered(in: time)
            try await cluster.finish(through: client)
            let (server, worker) = (try await serverProxy.counts(), try await workerProxy.counts())
            #expect(server.faults >= 1, "the server met no fault: \(server.requests)")
            #expect(worker.faults >= 2, "the worker met no fault: \(worker.requests)")
            report.note("\(server.faults + worker.faults) faults")
        }
    }
}
