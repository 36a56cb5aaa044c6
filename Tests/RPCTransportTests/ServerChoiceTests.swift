import Foundation
import RPCClient
import RPCServer
import RPCTransport
import STTProto
import STTTestKit
import Testing

@Suite("A client of several servers", .timeLimit(.minutes(5)), .serialized)
struct ServerChoiceTests {
    private static func configuration(inOrder: Bool = true) -> RPCClientConfiguration {
        var configuration = RPCClientConfiguration()
        configuration.spreadsOverAddresses = !inOrder
        configuration.initialBackoff = .milliseconds(20)
        configuration.maxBackoff = .milliseconds(100)
        return configuration
    }

    /// Says which of the servers it is.
    private static func named(_ name: String, listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 0)])
        async throws -> Fixture
    {
        try await Fixture(listen: listen) { methods in
            methods.unary("test/Name") { (_: Item, _) in Item(name) }
            methods.unary("test/Away") { (_: Item, _) -> Item in throw RPCError(.unavailable, "\(name) is away") }
            methods.serverStreaming(
                "test/Long", drainError: RPCError(.unavailable, "draining", details: [1])
            ) { (_: Item, messages: OutboundMessages<Item>, _) in
                try await messages.send(Item(name))
                try await Task.sleep(for: .seconds(3600))
            }
        }
    }

    private func name(_ client: RPCClient) async throws -> String {
        let item: Item = try await client.unary("test/Name", Item(""))
        return item.key
    }

    @Test func `a client that moved to the second server stays there when the first is back`() async throws {
        let path = "/tmp/rpc-choice-\(UInt64.random(in: 0 ... .max)).sock"
        let second = try await Self.named("b")
        let client = RPCClient(
            addresses: [.unix(path: path), second.addresses[0]], configuration: Self.configuration(),
            logger: Fixture.logger)
        #expect(try await name(client) == "b")
        let first = try await Self.named("a", listen: [.unix(path: path)])
        try await Task.sleep(for: .milliseconds(200))
        #expect(try await name(client) == "b")
        await second.server.shutdown()
        #expect(try await eventualName(client) == "a")
        await client.close()
        await first.server.shutdown()
    }

    private func eventualName(_ client: RPCClient) async throws -> String {
        while true {
            do {
                return try await name(client)
            } catch let error as RPCError where error.code == .unavailable {
                await Task.yield()
            }
        }
    }

    @Test func `a server that answers UNAVAILABLE is left for one that is well, and its other calls go on`()
        async throws
    {
        let first = try await Self.named("a")
        let second = try await Self.named("b")
        let client = RPCClient(
            addresses: [first.addresses[0], second.addresses[0]], configuration: Self.configuration(),
            logger: Fixture.logger)
        let sum: Item = try await client.clientStreaming("test/Count") { (writer: RequestWriter<Item>) in
            try await writer.send(Item("", [1]))
            #expect(try await name(client) == "a")
            await #expect(throws: RPCError.self) { let _: Item = try await client.unary("test/Away", Item("")) }
            #expect(try await name(client) == "b")
            try await writer.send(Item("", [2]))
        }
        #expect(sum.key == "2 2")
        await client.close()
        await first.server.shutdown()
        await second.server.shutdown()
    }

    @Test func `a client stays where it is when no server is well`() async throws {
        let first = try await Self.named("a")
        let client = RPCClient(
            addresses: [first.addresses[0]], configuration: Self.configuration(), logger: Fixture.logger)
        for _ in 0..<10 {
            await #expect(throws: RPCError.self) { let _: Item = try await client.unary("test/Away", Item("")) }
        }
        #expect(try await name(client) == "a")
        await client.close()
        await first.server.shutdown()
    }

    @Test func `many clients with one list spread over its servers, unless they keep the order`() async throws {
        let servers = [try await Self.named("a"), try await Self.named("b")]
        let addresses = servers.map { $0.addresses[0] }
        for inOrder in [true, false] {
            var counts: [String: Int] = [:]
            for _ in 0..<40 {
                let client = RPCClient(
                    addresses: addresses, configuration: Self.configuration(inOrder: inOrder), logger: Fixture.logger)
                counts[try await name(client), default: 0] += 1
                await client.close()
            }
            // Less than 1 in 10^9 that all draw the same.
            #expect(counts.count == (inOrder ? 1 : 2), "\(counts)")
        }
        for server in servers { await server.server.shutdown() }
    }

    @Test func `each server that a name leads to is tried, and the name is looked up again`() async throws {
        let first = try await Self.named("a", listen: [.tcp(host: "127.0.0.1", port: 0)])
        let port = first.port
        let second = try await Self.named("b", listen: [.tcp(host: "127.0.0.2", port: port)])
        let lookups = Turns()
        var configuration = Self.configuration()
        configuration.lookup = { host, port throws(AddressError) in
            #expect(host == "speech.example")
            // The third server comes later, in the place of the second.
            let last = lookups.next() < 2 ? "127.0.0.2" : "127.0.0.3"
            return try SocketAddress.resolve(host: "127.0.0.1", port: port, numericOnly: true)
                + SocketAddress.resolve(host: last, port: port, numericOnly: true)
        }
        let client = RPCClient(
            addresses: [.tcp(host: "speech.example", port: port)], configuration: configuration, logger: Fixture.logger)
        #expect(try await name(client) == "a")
        await first.server.shutdown()
        #expect(try await eventualName(client) == "b")
        let third = try await Self.named("c", listen: [.tcp(host: "127.0.0.3", port: port)])
        await second.server.shutdown()
        #expect(try await eventualName(client) == "c")
        await client.close()
        await third.server.shutdown()
    }

    @Test func `a name that leads nowhere says so`() async throws {
        var configuration = Self.configuration()
        configuration.lookup = { host, port throws(AddressError) in
            throw AddressError(.tcp(host: host, port: port), SystemError("getaddrinfo", code: ENOENT), "no such name")
        }
        let client = RPCClient(
            addresses: [.tcp(host: "speech.example", port: 1)], configuration: configuration, logger: Fixture.logger)
        let error = await #expect(throws: RPCError.self) { _ = try await name(client) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("speech.example") == true)
        await client.close()
    }

    @Test func `a server that does not answer at all holds up the next one by a moment only`() async throws {
        let server = try await Self.named("b")
        // A listener that is full: the system answers no further attempt to connect.
        let full = try FullListener()
        var configuration = Self.configuration()
        configuration.connectTimeout = .seconds(20)
        let client = RPCClient(
            addresses: [full.address, server.addresses[0]], configuration: configuration, logger: Fixture.logger)
        let start = ContinuousClock.now
        #expect(try await name(client) == "b")
        #expect(ContinuousClock.now - start < .seconds(5))
        await client.close()
        await server.server.shutdown()
    }

    @Test func `a drain ends long streams at once, and calls go elsewhere without an error`() async throws {
        let first = try await Self.named("a")
        let second = try await Self.named("b")
        let client = RPCClient(
            addresses: [first.addresses[0], second.addresses[0]], configuration: Self.configuration(),
            logger: Fixture.logger)
        let probe = HandlerProbe()
        let stream = Task {
            try await client.serverStreaming("test/Long", Item(""), receiving: Item.self) { messages in
                for try await message in messages { probe.record(message.key) }
            }
        }
        await probe.wait(for: "a")
        let begun = ContinuousClock.now
        async let drained: Void = first.server.drain(grace: .seconds(30))
        let error = await #expect(throws: RPCError.self) { try await stream.value }
        #expect(error?.code == .unavailable)
        #expect(error?.details == [1])
        #expect(try await name(client) == "b")
        await drained
        #expect(ContinuousClock.now - begun < .seconds(5))
        await client.close()
        await second.server.shutdown()
    }

    @Test func `calls that go on all the while never fail when one server after the other drains`() async throws {
        let paths = (0..<2).map { "/tmp/rpc-roll-\($0)-\(UInt64.random(in: 0 ... .max)).sock" }
        var servers: [Fixture] = []
        for path in paths { servers.append(try await Self.named(path, listen: [.unix(path: path)])) }
        let client = RPCClient(
            addresses: paths.map { .unix(path: $0) }, configuration: Self.configuration(), logger: Fixture.logger)
        let calls = Turns()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while !Task.isCancelled {
                        let _: Item = try await client.unary(
                            "test/Name", Item(""), options: CallOptions(idempotencyKey: "\(calls.next())"))
                    }
                }
            }
            for round in 0..<10 {
                let seen = calls.value
                while calls.value < seen + 100 { try await Task.sleep(for: .milliseconds(1)) }
                await servers[round % 2].server.drain(grace: .seconds(5))
                servers[round % 2] = try await Self.named(paths[round % 2], listen: [.unix(path: paths[round % 2])])
            }
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch let error as RPCError where error.code == .cancelled {
                // The end of the test.
            }
        }
        await client.close()
        for server in servers { await server.server.shutdown() }
    }
}

/// Accepts nobody, with as many waiting as the system lets.
private final class FullListener {
    let address: ServerAddress
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors.append(listener)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 0) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        address = .tcp(host: "127.0.0.1", port: UInt16(bigEndian: target.sin_port))
        for _ in 0..<4 {
            let waiting = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            _ = fcntl(waiting, F_SETFL, O_NONBLOCK)
            descriptors.append(waiting)
            _ = withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(waiting, $0, length) }
            }
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
