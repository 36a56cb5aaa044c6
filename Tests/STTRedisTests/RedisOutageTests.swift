import Glibc
import Logging
import STTCore
import Testing

@testable import STTRedis

/// Faults of the server and of the connections, with a server of the test's own.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisOutageTests {
    @Test("after a crash and an empty restart, work and events flow again") func survivesCrash() async throws {
        let server = try RedisServer()
        let log = LogRecorder()
        let client = try await server.client(logger: log.logger)
        let queue = RedisWorkQueue(client, consumer: "a", logger: log.logger)
        let bus = RedisEventBus(client, logger: log.logger)
        let subscription = try await bus.subscribe(to: Fixed.job)
        async let delivery = queue.next(.transcription)
        var events = subscription.makeAsyncIterator()
        try await bus.publish(Fixed.event(1))
        #expect(await events.next() == Fixed.event(1))

        server.kill()
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(2)) } == .unavailable }
        let start = ContinuousClock.now
        #expect(await portErrorCode { try await queue.enqueue([Fixed.chunk(0)]) } == .unavailable)
        #expect(await portErrorCode { _ = try await queue.depth } == .unavailable)
        #expect(ContinuousClock.now - start < .seconds(3))

        try server.start()
        // Whoever subscribed before is told to look into the store.
        #expect(await events.next() == .jobChanged(Fixed.job))
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(3)) } == nil }
        #expect(await events.next() == Fixed.event(3))
        try await eventually { await portErrorCode { try await queue.enqueue([Fixed.chunk(1)]) } == nil }
        #expect(try await delivery.item == Fixed.chunk(1))
        #expect(log.lines.filter { $0.contains("no work can be taken") }.count <= 1)
        #expect(log.lines.filter { $0.contains("no connection to Redis") }.count == 2, "one for each connection")
        await client.close()
    }

    @Test("a subscription that is asked for while Redis is away returns at once and comes into force later")
    func subscribesWhileAway() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let bus = RedisEventBus(client, logger: .silent)
        server.kill()
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(0)) } == .unavailable }
        let start = ContinuousClock.now
        let subscription = try await bus.subscribe(to: Fixed.job)
        #expect(ContinuousClock.now - start < .seconds(3))
        var events = subscription.makeAsyncIterator()
        try server.start()
        #expect(await events.next() == .jobChanged(Fixed.job))
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(1)) } == nil }
        #expect(await events.next() == Fixed.event(1))
        await client.close()
    }

    @Test("a client that begins while Redis is away works once it is there") func beginsWhileAway() async throws {
        let server = try RedisServer()
        server.kill()
        let client = try await server.client(mayFail: true)
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        async let delivery = queue.next(.transcription)
        #expect(await portErrorCode { try await queue.enqueue([Fixed.chunk(0)]) } == .unavailable)
        try server.start()
        try await eventually { await portErrorCode { try await queue.enqueue([Fixed.chunk(0)]) } == nil }
        #expect(try await delivery.item == Fixed.chunk(0))
        await client.close()
    }

    @Test("a wait for work can be cancelled while Redis is away") func cancelsWhileAway() async throws {
        let server = try RedisServer()
        server.kill()
        let client = try await server.client(mayFail: true)
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        let waiting = Task { try await queue.next(.transcription) }
        #expect(await portErrorCode { try await queue.enqueue([Fixed.chunk(0)]) } == .unavailable)
        waiting.cancel()
        #expect(await portErrorCode { _ = try await waiting.value } == .cancelled)
        await client.close()
    }

    @Test("FLUSHALL and SCRIPT FLUSH are healed while workers wait") func survivesFlush() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        try await queue.enqueue([Fixed.chunk(0), Fixed.chunk(1)])
        let held = try await queue.next(.transcription)
        async let waiting = queue.next(.housekeeping)
        _ = try await client.run(RedisCommand("FLUSHALL"))
        _ = try await client.run(RedisCommand("SCRIPT", "FLUSH"))
        #expect(try await queue.depth == 0)
        try await queue.acknowledge(held)
        try await queue.enqueue([WorkItem(.merge, job: Fixed.job, tenant: .default)])
        #expect(try await waiting.item.kind == .merge)
        // What was forgotten while it waited can be enqueued again.
        try await queue.enqueue([Fixed.chunk(1)])
        let delivery = try await queue.next(.transcription)
        #expect(delivery.item == Fixed.chunk(1))
        _ = try await client.run(RedisCommand("SCRIPT", "FLUSH"))
        try await queue.acknowledge(delivery)
        // A group that somebody removed, with the stream left.
        try await queue.enqueue([Fixed.chunk(2), Fixed.chunk(3)])
        _ = try await queue.next(.transcription)
        _ = try await client.run(
            RedisCommand("XGROUP", "DESTROY", "{stt}:queue:transcription:deliveries", QueueScripts.group))
        #expect(try await queue.next(.transcription).item == Fixed.chunk(3))
        await client.close()
    }

    @Test("any one key may be evicted: what was lost can be enqueued again, and nothing gets stuck")
    func survivesEviction() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        let items = (0..<4).map { Fixed.chunk($0) }
        let delayed = (4..<6).map { Fixed.chunk($0) }
        func fill() async throws {
            try await queue.enqueue(items)
            try await queue.enqueue(delayed, delay: .milliseconds(1))
        }
        try await fill()
        let first = try await queue.next(.transcription)
        let keys = try await client.run(RedisCommand("KEYS", "*")).elements?.compactMap(\.text) ?? []
        #expect(keys.count >= 4)
        try await queue.acknowledge(first)
        for key in keys {
            _ = try await client.run(RedisCommand("FLUSHALL"))
            try await fill()
            let held = try await queue.next(.transcription)
            _ = try await client.run(RedisCommand("DEL", key))
            try await fill()
            var taken: Set<WorkItem> = [held.item]
            while taken.count < 6 { taken.insert(try await queue.next(.transcription).item) }
            #expect(taken == Set(items + delayed), "without \(key)")
        }
        await client.close()
    }

    @Test("a stopped server costs a command its timeout, and goes on afterwards") func boundsCommands() async throws {
        let server = try RedisServer()
        var configuration = server.configuration
        configuration.commandTimeout = .milliseconds(300)
        configuration.connectTimeout = .milliseconds(300)
        let client = try await server.client(configuration)
        let bus = RedisEventBus(client, logger: .silent)
        var events = try await bus.subscribe(to: Fixed.job).makeAsyncIterator()
        server.signal(SIGSTOP)
        let start = ContinuousClock.now
        #expect(await portErrorCode { try await bus.publish(Fixed.event(0)) } == .unavailable)
        let first = ContinuousClock.now - start
        #expect(first >= .milliseconds(250) && first < .seconds(2))
        // The port still takes connections, but nobody answers.
        for _ in 0..<3 {
            #expect(await portErrorCode { try await bus.publish(Fixed.event(0)) } == .unavailable)
            _ = try await bus.subscribe(to: Fixed.job)
        }
        #expect(ContinuousClock.now - start < .seconds(8))
        server.signal(SIGCONT)
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(9)) } == nil }
        // Maybe several times, and commands that timed out may have been carried out.
        try await eventually {
            try await bus.publish(Fixed.event(9))
            return await events.next() == Fixed.event(9)
        }
        await client.close()
    }

    @Test("a subscriber connection over which nothing comes any more is found out and made again")
    func noticesSilence() async throws {
        let server = try RedisServer()
        var configuration = server.configuration
        configuration.commandTimeout = .milliseconds(200)
        let log = LogRecorder()
        let client = try await server.client(configuration, logger: log.logger)
        let bus = RedisEventBus(client, logger: .silent)
        var events = try await bus.subscribe(to: Fixed.job).makeAsyncIterator()
        server.signal(SIGSTOP)
        try await eventually { log.lines.contains { $0.contains("trying again") && $0.contains("events") } }
        server.signal(SIGCONT)
        #expect(await events.next() == .jobChanged(Fixed.job))
        await client.close()
    }

    @Test("connections that an operator cuts are made again", arguments: ["commands", "events"])
    func survivesKilledConnection(_ role: String) async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let operatorClient = try await server.client(named: "operator")
        let bus = RedisEventBus(client, logger: .silent)
        var events = try await bus.subscribe(to: Fixed.job).makeAsyncIterator()
        let list = try await operatorClient.run(RedisCommand("CLIENT", "LIST")).text ?? ""
        let line = try #require(list.split(separator: "\n").first { $0.contains("name=stt-\(role) ") })
        let id = try #require(line.split(separator: " ").first?.dropFirst("id=".count))
        _ = try await operatorClient.run(RedisCommand("CLIENT", "KILL", "ID", String(id)))
        if role == "events" { #expect(await events.next() == .jobChanged(Fixed.job)) }
        try await eventually { await portErrorCode { try await bus.publish(Fixed.event(1)) } == nil }
        #expect(await events.next() == Fixed.event(1))
        await operatorClient.close()
        await client.close()
    }

    @Test("a subscriber connection that the server closes for a full output buffer is made again")
    func survivesOverflow() async throws {
        let server = try RedisServer("--client-output-buffer-limit", "pubsub 64kb 32kb 1")
        let client = try await server.client()
        let bus = RedisEventBus(client, logger: .silent)
        var events = try await bus.subscribe(to: Fixed.job).makeAsyncIterator()
        let flood = RedisCommand(["PUBLISH", "{stt}:job:\(Fixed.job)"], payload: Array(repeating: 0, count: 1 << 20))
        for _ in 0..<3 { _ = try await client.run(flood) }
        #expect(await events.next() == .jobChanged(Fixed.job))
        try await bus.publish(Fixed.event(1))
        try await eventually {
            let next = await events.next()
            return next == Fixed.event(1)
        }
        await client.close()
    }

    @Test("a server without memory left refuses new work and still gives out what waits") func survivesFullMemory()
        async throws
    {
        let server = try RedisServer("--maxmemory-policy", "noeviction")
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        try await queue.enqueue([Fixed.chunk(0), Fixed.chunk(1)])
        _ = try await client.run(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
        #expect(await portErrorCode { try await queue.enqueue([Fixed.chunk(2)]) } == .storageFull)
        let delivery = try await queue.next(.transcription)
        #expect(delivery.item == Fixed.chunk(0))
        try await queue.acknowledge(delivery)
        #expect(try await queue.next(.transcription).item == Fixed.chunk(1))
        await client.close()
    }
}

extension RedisServer {
    func client(named name: String) async throws -> RedisClient {
        var configuration = configuration
        configuration.keyPrefix = name
        return try await client(configuration)
    }
}
