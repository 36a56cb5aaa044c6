import Foundation
import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import STTTestKit
import Synchronization
import Testing

/// What a server does with output that its peer does not take, and how much of it one stream gets.
@Suite("Output that waits", .timeLimit(.minutes(1)))
struct UnreadOutputTests {
    private static let calls = 100

    /// 1 MiB of replies, or of streams' messages, all of them short.
    @Test(arguments: ["test/Large", "test/Stream"])
    func `however much waits for a peer, its calls are still read`(_ method: String) async throws {
        let begun = HandlerProbe()
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = 1
        try await withServer(configuration) { methods in
            methods.unary("test/Large") { (_: Item, _) in
                begun.record("call")
                return Item("", [UInt8](repeating: 1, count: 8000))
            }
            methods.serverStreaming("test/Stream") { (_: Item, messages: OutboundMessages<Item>, _) in
                begun.record("call")
                for _ in 0..<20 { try await messages.send(Item("", [UInt8](repeating: 1, count: 1000))) }
            }
            methods.unary("test/Last") { (_: Item, _) in
                begun.record("last")
                return Item("")
            }
        } _: { fixture, client in
            let peer = try fixture.peer(sendBuffer: 4096)
            try peer.sendPrefaceAndHello()
            for index in 0..<UInt32(Self.calls) { try peer.sendCall(method, Item(""), stream: 2 * index + 1) }
            while begun.count("call") < Self.calls { try await Task.sleep(for: .milliseconds(5)) }
            // The loop has come to the end of the turn in which they began.
            for _ in 0..<2 { let _: Item = try await client.unary("test/Echo", Item("")) }
            try peer.sendCall("test/Last", Item(""), stream: UInt32(2 * Self.calls + 1))
            await begun.wait(for: "last")
            var ended = 0
            while ended <= Self.calls {
                if try peer.readFrame().header.type == FrameType.end.rawValue { ended += 1 }
            }
        }
    }

    @Test func `a peer that takes no answers to its calls is read no further, and goes on once it takes them`()
        async throws
    {
        var configuration = RPCServerConfiguration()
        configuration.connection.limits.maxControlOutputBytes = 16 * 1024
        // The peer reads nothing before the last round.
        configuration.connection.stallTimeout *= Sanitizing.timeFactor
        let ended = Atomic(0)
        try await withServer(configuration) { methods in
            methods.clientStreaming("test/Wait") { (messages: InboundMessages<Item>, _) in
                defer { ended.add(1, ordering: .relaxed) }
                for try await _ in messages {}
                return Item("")
            }
        } _: { fixture, _ in
            let peer = try fixture.peer(sendBuffer: 4096)
            try peer.sendPrefaceAndHello()
            // Each is answered at its deadline, by an END that waits for no handler and counts as no reset.
            let most = 40
            var rounds = 0
            while rounds < most {
                var calls: [UInt8] = []
                for index in 0..<Self.calls {
                    let call = ControlMessage.Call(method: "test/Wait", deadlineMilliseconds: 1)
                    let stream = UInt32(2 * (rounds * Self.calls + index) + 1)
                    calls.appendFrame(.call, stream: stream, payload: try call.encode())
                }
                try peer.send(calls)
                rounds += 1
                let all = rounds * Self.calls
                for _ in 0..<200 where ended.load(ordering: .relaxed) < all {
                    try await Task.sleep(for: .milliseconds(5))
                }
                if ended.load(ordering: .relaxed) < all { break }
            }
            // What the socket and the output take are some hundred answers.
            #expect(rounds < most / 2)
            var answers = 0
            while answers < rounds * Self.calls {
                if try peer.readFrame().header.type == FrameType.end.rawValue { answers += 1 }
            }
            let pong = try peer.ping()
            #expect(pong)
        }
    }

    /// Also of messages without a byte, which take nothing but their headers.
    @Test(arguments: [0, 1, 200])
    func `a stream of short messages goes on for 48 KiB, then it is another call's turn`(_ bytes: Int) async throws {
        try await withServer { methods in
            methods.serverStreaming("test/Run") { (_: Item, messages: OutboundMessages<Item>, _) in
                let message = Item("", [UInt8](repeating: 1, count: bytes))
                for _ in 0..<100_000 { try await messages.send(message) }
            }
        } _: { fixture, _ in
            let peer = try fixture.peer()
            try peer.send(WireProtocol.preface)
            try peer.send(.hello, ControlMessage.Hello(limits: .init(initialWindowBytes: 1 << 30)))
            _ = try peer.readFrame(.hello)
            var calls: [UInt8] = []
            for (stream, method) in [(UInt32(1), "test/Run"), (3, "test/Echo")] {
                calls.appendFrame(.call, stream: stream, payload: try ControlMessage.Call(method: method).encode())
                calls.appendFrame(.data, flags: .endSend, stream: stream, payload: [])
            }
            try peer.send(calls)
            var before = 0
            var frame = try peer.readFrame()
            while frame.header.stream != 3 {
                before += FrameHeader.byteCount + frame.payload.count
                frame = try peer.readFrame()
            }
            #expect(before > 40 * 1024 && before < 49 * 1024)
        }
    }
}

extension Fixture {
    /// A peer on a socket of its own.
    ///
    /// - Parameter sendBuffer: What the system keeps of what the server has sent.
    fileprivate func peer(sendBuffer: Int32? = nil) throws -> RawPeer {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw RawPeer.Closed()
        }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        if var sendBuffer {
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &sendBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        server.adopt(ends[0], peer: "pair")
        return RawPeer(owning: ends[1])
    }
}
