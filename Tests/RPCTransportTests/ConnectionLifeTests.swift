import Foundation
import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import Testing

@Suite("The life of connections", .timeLimit(.minutes(5)), .serialized)
struct ConnectionLifeTests {
    @Test func `a refused connection says where and what to do`() async throws {
        let fixture = try await Fixture()
        let port = fixture.port
        await fixture.server.shutdown()
        let client = fixture.client()
        let error = await #expect(throws: RPCError.self) {
            let _: Item = try await client.unary("test/Echo", Item(""))
        }
        #expect(error?.code == .unavailable)
        #expect(
            error?.message == "connection refused: nothing listens on 127.0.0.1:\(port); is stt-rpcd running?")
        await client.close()
    }

    @Test func `a missing unix socket says so`() async throws {
        let client = RPCClient(addresses: [.unix(path: "/tmp/no-such-socket")], logger: Fixture.logger)
        let error = await #expect(throws: RPCError.self) {
            let _: Item = try await client.unary("test/Echo", Item(""))
        }
        #expect(error?.message == "no such socket: /tmp/no-such-socket; is stt-rpcd running?")
        await client.close()
    }

    @Test func `the second address serves when the first refuses`() async throws {
        try await withServer { fixture, _ in
            let gone = try await Fixture()
            await gone.server.shutdown()
            var configuration = RPCClientConfiguration()
            configuration.spreadsOverAddresses = false
            let client = RPCClient(
                addresses: [gone.addresses[0], fixture.addresses[0]], configuration: configuration,
                logger: Fixture.logger)
            let reply: Item = try await client.unary("test/Echo", Item("second"))
            #expect(reply.key == "second")
            await client.close()
        }
    }

    @Test func `open calls fail when the server goes, and the next call reaches the new one`() async throws {
        let path = "/tmp/rpc-test-\(UInt64.random(in: 0 ... .max)).sock"
        let first = try await Fixture(listen: [.unix(path: path)])
        let client = first.client()
        let hanging = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
        await first.probe.wait(for: "started")
        await first.server.shutdown()
        let error = await #expect(throws: RPCError.self) { _ = try await hanging.value }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(path) == true)
        let second = try await Fixture(listen: [.unix(path: path)])
        let reply: Item = try await client.unary("test/Echo", Item("again"))
        #expect(reply.key == "again")
        await client.close()
        await second.server.shutdown()
    }

    @Test func `a call that waits for a server gets one that starts later`() async throws {
        let path = "/tmp/rpc-test-\(UInt64.random(in: 0 ... .max)).sock"
        let client = RPCClient(addresses: [.unix(path: path)], logger: Fixture.logger)
        let call = Task { () throws(RPCError) -> Item in
            try await client.unary("test/Echo", Item("patient"), options: CallOptions(waitForReady: true))
        }
        _ = await #expect(throws: RPCError.self) { let _: Item = try await client.unary("test/Echo", Item("")) }
        let fixture = try await Fixture(listen: [.unix(path: path)])
        let reply = try await call.value
        #expect(reply.key == "patient")
        await client.close()
        await fixture.server.shutdown()
    }

    @Test func `a drain lets the running call finish and takes no other`() async throws {
        try await withServer { fixture, client in
            let sum = Task {
                try await client.clientStreaming("test/Count", returning: Item.self) { (writer: RequestWriter<Item>) in
                    try await writer.send(Item("", [1]))
                    fixture.probe.record("uploading")
                    await fixture.probe.wait(for: "drain begun")
                    try await writer.send(Item("", [2]))
                }
            }
            await fixture.probe.wait(for: "uploading")
            // Its answer tells that the server has read the call before it, too.
            let _: Item = try await client.unary("test/Echo", Item(""))
            let drain = Task { await fixture.server.drain(grace: .seconds(30)) }
            // The listener is closed before GOAWAY goes out: a new connection tells that the drain has begun.
            while (try? RawPeer(port: fixture.port)) != nil { await Task.yield() }
            fixture.probe.record("drain begun")
            let total = try await sum.value
            #expect(total.key == "2 2")
            await drain.value
        }
    }

    @Test func `a drain cuts what outlives its grace with UNAVAILABLE`() async throws {
        try await withServer { fixture, client in
            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
            await fixture.probe.wait(for: "started")
            await fixture.server.drain(grace: .milliseconds(50))
            let error = await #expect(throws: RPCError.self) { _ = try await call.value }
            #expect(error?.code == .unavailable)
            #expect(fixture.probe.count("cancelled") == 1)
        }
    }

    @Test func `a server that does not speak the protocol is reported`() async throws {
        let listener = try SocketListener(.tcp(host: "127.0.0.1", port: 0), unixMode: 0o600)
        defer { listener.close() }
        var configuration = RPCClientConfiguration()
        configuration.connectTimeout = .milliseconds(200)
        let client = RPCClient(addresses: [listener.address], configuration: configuration, logger: Fixture.logger)
        let error = await #expect(throws: RPCError.self) {
            let _: Item = try await client.unary("test/Echo", Item(""))
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no HELLO in time") == true)
        await client.close()
    }

    @Test func `a stale socket file is replaced, a live one is not, and shutdown removes it`() async throws {
        let path = "/tmp/rpc-test-\(UInt64.random(in: 0 ... .max)).sock"
        let stale = try SocketListener(.unix(path: path), unixMode: 0o600)
        close(stale.descriptor)
        #expect(FileManager.default.fileExists(atPath: path))
        let live = try await Fixture(listen: [.unix(path: path)])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await #expect(throws: RPCError.self) { _ = try await Fixture(listen: [.unix(path: path)]) }
        #expect(FileManager.default.fileExists(atPath: path))
        await live.server.shutdown()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `nothing is left open when servers and clients have come and gone`() async throws {
        func churn() async throws {
            try await withServer { fixture, client in
                let _: Item = try await client.unary("test/Echo", Item(""))
                let peer = try RawPeer(port: fixture.port)
                try peer.sendPrefaceAndHello()
                let other = fixture.client()
                let _: Item = try await other.unary("test/Echo", Item(""))
            }
        }
        // Other suites run at the same time, so only a growth with the number of rounds is a leak.
        for _ in 0..<3 { try await churn() }
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        for _ in 0..<100 { try await churn() }
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #expect(after < before + 150, "\(before) descriptors before, \(after) after")
    }
}
