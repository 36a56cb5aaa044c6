import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import Testing

@Suite("Peers that break the rules", .timeLimit(.minutes(5)))
struct MisbehavingPeerTests {
    /// The connection ends with the reason, and the server goes on serving others.
    private func expectClosed(
        _ reason: CloseReason, _ configuration: RPCServerConfiguration = .init(),
        _ misbehave: (RawPeer) throws -> Void
    ) async throws {
        try await withServer(configuration) { fixture, client in
            let peer = try RawPeer(port: fixture.port)
            do {
                try misbehave(peer)
            } catch is RawPeer.Closed {
                // The server closed while there was more to send.
            }
            #expect(try peer.readGoAwayAndClose() == reason)
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
        }
    }

    @Test func `a wrong preface`() async throws {
        try await expectClosed(.protocolError) { try $0.send([UInt8]("GET / HTTP/1.1\r\n\r\n".utf8)) }
    }

    @Test func `a frame before HELLO`() async throws {
        try await expectClosed(.protocolError) { peer in
            try peer.send(WireProtocol.preface)
            try peer.send(.ping, payload: [UInt8](repeating: 0, count: 8))
        }
    }

    @Test func `a second HELLO`() async throws {
        try await expectClosed(.protocolError) { peer in
            try peer.sendPrefaceAndHello()
            try peer.send(.hello, ControlMessage.Hello())
        }
    }

    @Test func `garbage`() async throws {
        try await expectClosed(.protocolError) { peer in
            try peer.sendPrefaceAndHello()
            try peer.send([UInt8](repeating: 0xFF, count: 100))
        }
    }

    @Test func `a length that promises gigabytes`() async throws {
        try await expectClosed(.frameTooLarge) { peer in
            try peer.sendPrefaceAndHello()
            try peer.send(FrameHeader(length: 0xFFFF_FFFF, type: FrameType.data.rawValue, stream: 1))
        }
    }

    @Test func `DATA beyond the credit`() async throws {
        try await expectClosed(.flowControl) { peer in
            try peer.sendPrefaceAndHello()
            // No handler reads the second message of a call that takes one.
            try peer.send(.call, stream: 1, ControlMessage.Call(method: "test/Stuck"))
            let payload = [UInt8](repeating: 0, count: 60_000)
            for _ in 0..<10 { try peer.send(.data, stream: 1, payload: payload) }
        }
    }

    @Test func `no HELLO in time`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.helloTimeout = .milliseconds(50)
        try await expectClosed(.helloTimeout, configuration) { try $0.send(Array(WireProtocol.preface.prefix(3))) }
    }

    @Test func `a frame that is never completed`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.frameTimeout = .milliseconds(50)
        try await expectClosed(.frameTimeout, configuration) { peer in
            try peer.sendPrefaceAndHello()
            try peer.send(FrameHeader(length: 100, type: FrameType.call.rawValue, stream: 1), [1, 2, 3])
        }
    }

    @Test func `an idle connection`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.idleTimeout = .milliseconds(50)
        try await expectClosed(.idle, configuration) { try $0.sendPrefaceAndHello() }
    }

    @Test func `a flood of PINGs`() async throws {
        try await expectClosed(.abuse) { peer in
            try peer.sendPrefaceAndHello()
            for _ in 0..<200 { try peer.send(.ping, payload: [UInt8](repeating: 0, count: 8)) }
        }
    }

    @Test func `rapid reset`() async throws {
        try await expectClosed(.abuse) { peer in
            try peer.sendPrefaceAndHello()
            for index in 0..<UInt32(300) {
                try peer.sendCall("test/Echo", Item(""), stream: 2 * index + 1)
                try peer.send(.cancel, stream: 2 * index + 1, ControlMessage.Cancel(code: 1))
                // Each call's handler must have returned, or the stream limit comes first.
                if index % 50 == 49, index < 180 { _ = try peer.ping() }
            }
        }
    }

    @Test func `a dead peer does not answer a PING`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.keepaliveInterval = .milliseconds(30)
        configuration.connection.keepaliveTimeout = .milliseconds(50)
        try await withServer(configuration) { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            _ = try peer.readFrame(.ping)
            #expect(throws: RawPeer.Closed.self) { () throws in while true { _ = try peer.readFrame() } }
        }
    }

    @Test func `a peer that stops reading is closed`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.stallTimeout = .milliseconds(100)
        try await withServer(configuration) { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Repeat", Item("1000000", [UInt8](repeating: 0, count: 60_000)))
            try peer.send(.window, stream: 1, ControlMessage.Window(limit: .max))
            await fixture.probe.wait(for: "repeat ended")
        }
    }

    @Test func `connections beyond the limit are turned away with the reason`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.maxConnectionsPerAddress = 1
        try await withServer(configuration) { fixture, _ in
            let first = try RawPeer(port: fixture.port)
            try first.sendPrefaceAndHello()
            let second = try RawPeer(port: fixture.port)
            #expect(try second.readGoAwayAndClose() == .connectionLimit)
            let pong = try first.ping()
            #expect(pong)
        }
    }

    @Test func `malformed requests, late frames and unknown ignorable frames leave the connection alone`() async throws
    {
        try await withServer { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.send(.call, stream: 1, ControlMessage.Call(method: "test/Echo"))
            try peer.send(.data, flags: .endSend, stream: 1, payload: [0xFF])
            #expect(try peer.readEnd().code == StatusCode.invalidArgument.rawValue)
            try peer.send(.data, stream: 1, payload: [1, 2, 3])
            try peer.send(.cancel, stream: 1, ControlMessage.Cancel(code: 1))
            try peer.send(FrameHeader(length: 1, type: 77, flags: .ignorable), [1])
            let pong = try peer.ping()
            #expect(pong)
        }
    }

    @Test func `a message beyond the limit ends its call only`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.limits.maxMessageBytes = 64 * 1024
        try await withServer(configuration) { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Echo", Item("", [UInt8](repeating: 0, count: 100_000)))
            }
            #expect(error?.code == .resourceExhausted)
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
        }
    }
}
