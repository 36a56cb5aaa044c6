import STTClient
import STTRig
import Testing

/// A Redis that dies, forgets and hangs up: it carries hints only.
@Suite("Redis faults", .serialized, .watchingIssues, .timeLimit(.minutes(2)))
struct RedisFaultTests {
    @Test("work goes on when Redis is killed and comes back empty")
    func restartedEmpty() async throws {
        try await withFault("Redis killed, restarted empty", "SIGKILL, start again") { cluster, services, report in
            try await Self.disturb(cluster, report) {
                await services.redis.kill()
                try await services.redis.start()
            }
        }
    }

    @Test("work goes on after FLUSHALL in mid-job")
    func flushed() async throws {
        try await withFault("FLUSHALL in mid-job", "while chunks wait and run") { cluster, services, report in
            try await Self.disturb(cluster, report) {
                try await RedisShell(services.redis.url).run("FLUSHALL")
            }
        }
    }

    @Test("streams and workers subscribe again when their subscriptions are cut")
    func subscriptionsCut() async throws {
        try await withFault("pub/sub connections cut", "CLIENT KILL TYPE pubsub, 5 times") {
            cluster, services, report in
            try await Self.disturb(cluster, report) {
                for round in 0..<5 {
                    let cut = try await RedisShell(services.redis.url).run("CLIENT", "KILL", "TYPE", "pubsub")
                    #expect(round > 0 || cut.first.flatMap { Int($0) } ?? 0 >= 3, "cut: \(cut)")
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        }
    }

    @Test("a stream stays whole when its server is too slow for Redis and is hung up on")
    func outputBufferOverflow() async throws {
        try await withFault("output-buffer overflow", "server frozen, 64 MiB published to its channels") {
            cluster, services, report in
            try await Self.disturb(cluster, report, secondsPerRun: 0.7) {
                let shell = RedisShell(services.redis.url)
                let server = try #require(cluster.servers.first)
                let overflow = """
                    local channels = redis.call('PUBSUB', 'CHANNELS', '*' .. ARGV[1] .. '*:job:*')
                    for _, channel in ipairs(channels) do
                        for i = 1, 64 do redis.call('PUBLISH', channel, string.rep('x', 1048576)) end
                    end
                    return #channels
                    """
                let before = try await Self.subscribers(shell)
                server.freeze()
                defer { server.resume() }
                let channels = try await shell.run("EVAL", overflow, "0", cluster.keyPrefix)
                #expect(channels.first.flatMap { Int($0) } ?? 0 >= 1, "nobody was subscribed to a job")
                try await waitUntil("Redis hangs up on the server", within: .seconds(10)) {
                    try await !Self.subscribers(shell).isSuperset(of: before)
                }
            }
        }
    }

    @Test("jobs that run and jobs that come while Redis is down for 20 s are all done")
    func down() async throws {
        try await withFault("Redis down for 20 s", "SIGKILL, jobs submitted meanwhile, start again") {
            cluster, services, report in
            try await cluster.startServer()
            let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: 0.3)
            try await cluster.startWorker(engine: engine)
            let client = try cluster.client()
            try await cluster.submit(Clip.talk(chunks: 6), through: client)
            try await waitUntil("chunks are being run") { engine.runs.count >= 2 }
            await services.redis.kill()
            let end = ContinuousClock.now + .seconds(20)
            for _ in 0..<8 {
                try await cluster.submit(Clip.talk(chunks: 2), through: client)
                try await Task.sleep(for: .seconds(1))
            }
            try await Task.sleep(until: end, clock: .continuous)
            try await services.redis.start()
            report.recovered(in: try await seconds { try await cluster.settle(through: client) })
            try await cluster.finish(through: client)
        }
    }

    /// Lets two servers and two workers do a few jobs, and disturbs them in the middle.
    private static func disturb(
        _ cluster: Cluster, _ report: FaultReport, secondsPerRun: Double = 0.2, _ disturbance: () async throws -> Void
    ) async throws {
        try await cluster.startServer()
        try await cluster.startServer()
        let engine = try FakeWhisperServer(in: TemporaryFolder(), secondsPerRun: secondsPerRun)
        try await cluster.startWorker(slots: 1, engine: engine)
        try await cluster.startWorker(slots: 1, engine: engine)
        let clients = try cluster.servers.map { try cluster.client(of: [$0]) }
        for number in 0..<4 {
            try await cluster.submit(Clip.talk(chunks: 6), through: clients[number % 2])
        }
        try await waitUntil("chunks are being run") { engine.runs.count >= 4 }
        try await disturbance()
        let recovery = try await seconds {
            try await cluster.settle(through: clients[1])
            try await cluster.ledger.streamsEnd(within: .seconds(20))
        }
        report.recovered(in: recovery)
        try await cluster.finish(through: clients[0])
    }

    /// The connections that have subscriptions.
    private static func subscribers(_ shell: RedisShell) async throws -> Set<String> {
        Set(
            try await shell.run("CLIENT", "LIST", "TYPE", "pubsub").flatMap { $0.split(separator: " ").prefix(1) }.map(
                String.init))
    }
}
