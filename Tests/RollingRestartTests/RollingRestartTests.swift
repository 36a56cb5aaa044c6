import Foundation
import STTClient
import STTProcess
import STTRig
import Synchronization
import Testing

/// Two servers that are restarted in turn while clients of both work on. Show 5 of the RPC layer.
@Suite("Rolling restarts", .serialized, .watchingIssues, .timeLimit(.minutes(8)))
struct RollingRestartTests {
    private static let grace = 4
    /// What a killed server leaves is gone at this age and a 24th of it, or a second: see docs/OPERATIONS.md, "Retention and
    /// backup". Above the longest upload of the load.
    private static let orphanAge = Duration.seconds(18)
    private static let collected = orphanAge + max(.seconds(1), orphanAge / 24)

    @Test("five restarts of each of two servers under load: no call fails, no partial is lost or repeated")
    func fiveTimes() async throws {
        try await underLoad { cluster, load in
            for round in 1...5 {
                for server in cluster.servers {
                    try await restart(server, "round \(round), \(server.name)")
                    try await goesOn(load)
                }
            }
        }
    }

    @Test("servers that are killed instead of drained: still no call fails and no partial is lost or repeated")
    func killed() async throws {
        var size = RollingLoad.Size()
        size.jobs = 5
        size.chunks = 14
        try await underLoad(size: size) { cluster, load in
            for server in cluster.servers {
                let start = ContinuousClock.now
                await server.kill()
                try await server.start()
                print("\(server.name): killed and back in \(format(ContinuousClock.now - start))")
                try await goesOn(load)
            }
        }
    }

    /// Before the first, between any two and after the last of what happens to the servers.
    private func goesOn(_ load: RollingLoad) async throws {
        let statuses = load.statusCount
        let uploads = load.uploads.count
        try await waitUntil("calls and uploads get through", within: .seconds(30)) {
            load.statusCount >= statuses + 40 && load.uploads.count > uploads
        }
    }

    private func restart(_ server: ClusterProcess, _ name: String) async throws {
        let before = server.process.log.count
        let start = ContinuousClock.now
        let exit = await server.process.terminate(grace: .seconds(30))
        let drained = ContinuousClock.now
        let lines = server.process.log.dropFirst(before).split(separator: "\n")
        try await server.start()
        let ready = ContinuousClock.now
        #expect(exit == .status(0), "\(name) ended with \(String(describing: exit))")
        // The grace, the moment in which what was cut is told so, and a busy machine.
        #expect(drained - start < .seconds(Self.grace + 4), "\(name) took \(drained - start) to drain")
        let calls = lines.filter { $0.contains("code=") && $0.contains("method=") }
        func count(_ method: String, _ code: String) -> Int {
            calls.count { $0.contains(method) && $0.contains("code=\(code)") }
        }
        print(
            "\(name): drained in \(format(drained - start)), ready again in \(format(ready - drained));",
            "\(count("StreamResult", "UNAVAILABLE")) streams sent on,",
            "\(count("Submit", "OK")) uploads finished, \(count("Submit", "UNAVAILABLE")) cut,",
            "\(count("Status", "OK")) status calls answered")
    }

    private func underLoad(
        size: RollingLoad.Size = .init(), _ restarts: (Cluster, RollingLoad) async throws -> Void
    ) async throws {
        var settings = Cluster.Settings()
        settings.graceSeconds = Self.grace
        settings.more = ["S3_PART_MIB": "5", "STT_ORPHAN_HOURS": "\(Self.orphanAge.inSeconds / 3600)"]
        try await withCluster(on: try await ServiceAddresses.forTests(), settings: settings) { cluster in
            try await cluster.startServer()
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.9)
            try await cluster.startWorker(slots: 4, engine: engine)
            let load = RollingLoad(on: cluster, size: size)
            let start = ContinuousClock.now
            do {
                try await load.start()
                try await goesOn(load)
                try await restarts(cluster, load)
            } catch {
                await load.stop()
                print("so far: \(load.errors)")
                throw error
            }
            await load.stop()
            let open = load.streams.count { $0.arrivals.count < size.chunks }
            #expect(open > 0, "the streams ended before the restarts")
            print("restarts over after \(format(ContinuousClock.now - start)), \(open) streams still open")
            try engine.behave("sleep 0")
            try await verify(load, on: cluster)
            print(
                "after \(format(ContinuousClock.now - start)): \(load.streams.count) streams of \(size.chunks) partials,",
                "\(load.uploads.count) uploads (\(load.uploads.count { $0.attempts > 1 }) of them sent more than once),",
                "\(load.statusCount) status calls, \(load.errors.count) errors; waits: \(load.notices)")
        }
    }

    private func verify(_ load: RollingLoad, on cluster: Cluster) async throws {
        #expect(load.errors.isEmpty, "\(load.errors.count) calls failed: \(load.errors.prefix(5))")
        let client = try cluster.client()
        var texts: [String: String] = [:]
        for stream in load.streams {
            let end = try await stream.end(within: .seconds(180))
            #expect(end.state == .completed)
            #expect(stream.arrivals.map(\.chunk) == Array(0..<end.chunksTotal), "\(stream.job) has holes or repeats")
            if texts[stream.job] == nil { texts[stream.job] = try await client.resultText(stream.job) }
            #expect(stream.text == texts[stream.job], "a stream of \(stream.job) differs from its result")
        }
        let streamed = ContinuousClock.now
        print("every stream has ended")
        // Asks for one job only: a list of all takes the store longer than the job that is waited for.
        try await waitUntil("all uploads are transcribed", within: .seconds(120), every: .seconds(1)) {
            try await client.page(states: [.queued, .preparing, .transcribing, .merging], pageSize: 1).jobs.isEmpty
        }
        print("every job is done, \(format(ContinuousClock.now - streamed)) later")
        let all = try await client.page(pageSize: 1000).jobs
        #expect(all.allSatisfy { $0.state == .completed })
        let jobs = all.map(\.jobID)
        #expect(
            Set(jobs) == Set(load.uploads.map(\.id) + load.jobs), "jobs that nobody submitted, or that are missing")
        #expect(jobs.count == load.uploads.count + load.jobs.count)
        let left = Mutex<[String]>([])
        do {
            // The walk that collects, and a busy machine.
            let limit = Self.collected + .seconds(10)
            try await waitUntil("nothing is left over", within: limit, every: .milliseconds(500)) {
                let contents = try await cluster.contents()
                let found =
                    contents.orphans.map { "of no job: \($0)" } + contents.uploads.map { "unfinished: \($0)" }
                    + contents.samplesOfCompletedJobs.map { "of a completed job: \($0)" }
                let before = left.withLock { left in
                    defer { left = found }
                    return left
                }
                if found != before { print("left over: \(found)") }
                return found.isEmpty
            }
        } catch is WaitedTooLong {
            Issue.record("left over in the object store: \(left.withLock { $0 })")
        }
        for line in cluster.workers.flatMap({ $0.process.log.split(separator: "\n") })
        where line.contains("orphans removed") {
            print(line)
        }
        for process in cluster.servers {
            let errors = process.process.log.split(separator: "\n").filter {
                $0.contains(" error ") || $0.contains(" critical ")
            }
            #expect(errors.isEmpty, "\(process.name) logged \(errors.count) errors, such as \(errors.first ?? "")")
        }
    }

    private func format(_ time: Duration) -> String { String(format: "%.1f s", time.inSeconds) }
}
