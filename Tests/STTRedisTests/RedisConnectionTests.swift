import Logging
import STTCore
import Testing

@testable import STTRedis

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisConnectionTests {
    @Test("user, password, database and socket are used as configured") func logsIn() async throws {
        let server = try RedisServer(
            "--requirepass", "s3cret", "--user", "worker", "on", ">pa:ss@", "~*", "&*", "+@all")
        var configurations: [RedisConfiguration] = []
        configurations.append(try RedisConfiguration(url: "redis://:s3cret@127.0.0.1:\(server.port)/3"))
        configurations.append(try RedisConfiguration(url: "redis://worker:pa%3Ass%40@localhost:\(server.port)/3"))
        configurations.append(try RedisConfiguration(url: "unix://worker:pa%3Ass%40@\(server.socketPath)?db=3"))
        for (number, configuration) in configurations.enumerated() {
            let client = try await server.client(configuration)
            _ = try await client.run(RedisCommand("SET", "key-\(number)", "1"))
            #expect(try await client.run(RedisCommand("DBSIZE")) == .integer(number + 1))
            _ = try await client.run(RedisCommand("SELECT", "0"))
            #expect(try await client.run(RedisCommand("DBSIZE")) == .integer(0))
            await client.close()
        }
    }

    @Test("a wrong password is told without it, in errors and in the log") func refusesWrongPassword() async throws {
        let server = try RedisServer("--requirepass", "s3cret")
        let log = LogRecorder()
        for (user, password) in [(nil, "wr0ng"), ("nobody", "wr0ng"), (nil, nil)] as [(String?, String?)] {
            var configuration = server.configuration
            configuration.username = user
            configuration.password = password
            let client = try RedisClient(configuration, logger: log.logger)
            var message = ""
            try await eventually {
                do throws(PortError) {
                    _ = try await client.check()
                } catch {
                    #expect(error.code == .unavailable)
                    message = error.description
                }
                return message.contains("password")
            }
            #expect(message.contains("127.0.0.1:\(server.port)") && message.contains("REDIS_PASSWORD"))
            #expect(!message.contains("wr0ng"))
            await client.close()
        }
        #expect(!log.lines.isEmpty)
        #expect(!log.lines.contains { $0.contains("wr0ng") })
    }

    @Test("what a user may not do is told") func tellsMissingPermission() async throws {
        let server = try RedisServer("--user", "worker", "on", ">pw", "~*", "resetchannels", "+@all")
        var configuration = server.configuration
        configuration.username = "worker"
        configuration.password = "pw"
        let log = LogRecorder()
        let client = try await server.client(configuration, logger: log.logger)
        let bus = RedisEventBus(client, logger: log.logger)
        #expect(await portErrorCode { try await bus.publish(Fixed.event(0)) } == .unavailable)
        _ = try await bus.subscribe(to: Fixed.job)
        try await eventually { log.lines.contains { $0.contains("NOPERM") && $0.contains("ACL") } }
        // Commands are not held up by it.
        let queue = RedisWorkQueue(client, consumer: "a", logger: log.logger)
        #expect(try await queue.depth == 0)
        await client.close()
    }

    @Test("500 subscriptions share one connection, and are given up with their last subscriber")
    func sharesSubscriber() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let bus = RedisEventBus(client, logger: .silent)
        func subscribedChannels() async throws -> [Int] {
            let list = try await client.run(RedisCommand("CLIENT", "LIST")).text ?? ""
            return list.split(separator: "\n").compactMap { line in
                line.split(separator: " ").first { $0.hasPrefix("sub=") }.flatMap { Int($0.dropFirst(4)) }
            }
        }
        let jobs = (0..<500).map { JobID(at: Timestamp(millisecondsSinceEpoch: Int64($0))) }
        do {
            var subscriptions: [EventSubscription<JobEvent>] = []
            for job in jobs { subscriptions.append(try await bus.subscribe(to: job)) }
            // A second one of a channel costs the server nothing.
            subscriptions.append(try await bus.subscribe(to: jobs[0]))
            #expect(try await subscribedChannels().sorted() == [0, 500])
            for job in jobs { try await bus.publish(Fixed.event(1, of: job)) }
            for (job, subscription) in zip(jobs + [jobs[0]], subscriptions) {
                var events = subscription.makeAsyncIterator()
                let expected = Fixed.event(1, of: job)
                let event = await events.next()
                #expect(event?.job == job && event == expected)
            }
        }
        try await eventually { try await subscribedChannels().reduce(0, +) == 0 }
        await client.close()
    }

    @Test("closing ends the subscriptions and fails what follows") func closes() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let bus = RedisEventBus(client, logger: .silent)
        let subscription = try await bus.subscribe(to: Fixed.job)
        let control = try await bus.subscribeToControl()
        await client.close()
        await client.close()
        for await _ in subscription {}
        for await _ in control {}
        #expect(await portErrorCode { try await bus.publish(Fixed.event(0)) } == .unavailable)
        #expect(await portErrorCode { _ = try await bus.subscribe(to: Fixed.job) } == .unavailable)
    }

    @Test("a check tells version, role and memory policy") func checks() async throws {
        let server = try RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
        let client = try await server.client()
        let state = try await client.check()
        #expect(state.version.split(separator: ".").count == 3)
        #expect(state.role == "master" && state.maximumMemoryPolicy == "allkeys-lru")
        #expect(state.maximumMemory == 100 << 20 && state.usedMemory > 0)
        #expect(state.roundTrip > .zero && state.roundTrip < .seconds(3))
        await client.close()
    }

    @Test("that no server is there is told, with its address", arguments: [true, false])
    func tellsMissingServer(_ isUnix: Bool) async throws {
        let path = "/nowhere/redis.sock"
        let client = try RedisClient(
            RedisConfiguration(address: isUnix ? .unix(path: path) : .tcp(host: "127.0.0.1", port: 1)),
            logger: .silent)
        do {
            _ = try await client.check()
            Issue.record("there is no such server")
        } catch {
            #expect(error.code == .unavailable)
            #expect(error.message.contains(isUnix ? path : "127.0.0.1:1"))
            #expect(error.message.contains("Check that Redis runs there"))
        }
        await client.close()
    }

    @Test(
        "a server that does not talk as Redis does costs an error, never more",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            "$-5\r\n", ":x\r\n", "+OK\r\n+PONG\r\n+OK\r\n+OK\r\n:1\r\n", "*-1\r\n*0\r\n",
            "$5\r\nab", "-LOADING Redis is loading\r\n-LOADING Redis is loading\r\n",
        ])
    func survivesStrangers(_ answer: String) async throws {
        let stranger = try StrangeServer(answer)
        var configuration = RedisConfiguration(address: .tcp(host: "127.0.0.1", port: stranger.port))
        configuration.connectTimeout = .milliseconds(200)
        configuration.commandTimeout = .milliseconds(200)
        let client = try RedisClient(configuration, logger: .silent)
        let bus = RedisEventBus(client, logger: .silent)
        let subscription = try await bus.subscribe(to: Fixed.job)
        for _ in 0..<5 { _ = await portErrorCode { try await bus.publish(.jobChanged(Fixed.job)) } }
        try await eventually { await portErrorCode { _ = try await client.check() } == .unavailable }
        await client.close()
        for await _ in subscription {}
    }

    @Test("a client that is released closes its connections") func isReleased() async throws {
        let server = try RedisServer()
        let operatorClient = try await server.client(named: "operator")
        func names() async throws -> Int {
            let list = try await operatorClient.run(RedisCommand("CLIENT", "LIST")).text ?? ""
            return list.split(separator: "\n").count { $0.contains("name=stt-") }
        }
        do {
            let client = try await server.client()
            let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
            try await queue.enqueue([Fixed.chunk(0)])
            _ = try await queue.next(.transcription)
            _ = try await RedisEventBus(client, logger: .silent).subscribe(to: Fixed.job)
            try await eventually { try await names() == 2 }
        }
        try await eventually { try await names() == 0 }
        await operatorClient.close()
    }

    @Test("commands of many callers share a connection, each with its own reply") func pipelines() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<50 {
                group.addTask {
                    for number in 0..<50 {
                        let word = "\(caller)/\(number)"
                        let echoed = try await client.run(RedisCommand("ECHO", word)).text
                        #expect(echoed == word)
                    }
                }
            }
            try await group.waitForAll()
        }
        await client.close()
    }
}
