import Foundation
import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import Synchronization
import Testing

/// What all connections of a server keep together is bounded.
@Suite("The bound of all connections", .timeLimit(.minutes(1)))
struct BufferBoundTests {
    /// 4 MiB, on one loop.
    private var configuration: RPCServerConfiguration {
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = 1
        configuration.maxBufferedBytes = 4 << 20
        return configuration
    }

    /// Opens calls and sends so many KiB of a message that does not end on each.
    private func fill(_ peer: RawPeer, calls: UInt32, kibibytes: Int) throws {
        let payload = [UInt8](repeating: 0, count: 32 * 1024)
        for index in 0..<calls {
            let stream = 2 * index + 1
            try peer.send(.call, stream: stream, ControlMessage.Call(method: "test/Stuck"))
            for _ in 0..<kibibytes / 32 { try peer.send(.data, flags: .more, stream: stream, payload: payload) }
        }
    }

    @Test func `beyond it the connection that keeps most loses calls, and is told when to try again; others go on`()
        async throws
    {
        try await withServer(configuration) { fixture, client in
            let modest = try RawPeer(port: fixture.port)
            try modest.sendPrefaceAndHello()
            try fill(modest, calls: 2, kibibytes: 192)
            let greedy = try RawPeer(port: fixture.port)
            try greedy.sendPrefaceAndHello()
            try fill(greedy, calls: 24, kibibytes: 192)
            let end = try greedy.readEnd()
            #expect(end.code == StatusCode.resourceExhausted.rawValue)
            #expect(end.retryAfterMilliseconds == 1000)
            // The connection itself goes on, and so do the others and what they keep.
            let isAlive = try greedy.ping()
            #expect(isAlive)
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
            try modest.send(.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
            var frame = try modest.readFrame()
            while frame.header.type != FrameType.ping.rawValue {
                #expect(frame.header.type != FrameType.end.rawValue)
                frame = try modest.readFrame()
            }
        }
    }

    @Test func `what a connection kept is free when it is closed, and what a call kept when it is over`() async throws {
        try await withServer(configuration) { fixture, client in
            for _ in 0..<6 {
                let peer = try RawPeer(port: fixture.port)
                try peer.sendPrefaceAndHello()
                try fill(peer, calls: 16, kibibytes: 192)
                for index in 0..<UInt32(16) {
                    try peer.send(.cancel, stream: 2 * index + 1, ControlMessage.Cancel(code: 1))
                }
                // None was ended by the server: 3 MiB fit, again and again.
                try peer.send(.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
                var frame = try peer.readFrame()
                while frame.header.type != FrameType.ping.rawValue {
                    #expect(frame.header.type != FrameType.end.rawValue)
                    frame = try peer.readFrame()
                }
            }
            for _ in 0..<20 {
                let bytes = [UInt8](repeating: 1, count: 500_000)
                let reply: Item = try await client.unary("test/Echo", Item("", bytes))
                #expect(reply.value.count == bytes.count)
            }
        }
    }

    @Test func `where handlers do not let go, new calls are refused until they have returned`() async throws {
        let isReleased = Atomic(false)
        let probe = HandlerProbe()
        var configuration = configuration
        configuration.maxBufferedBytes = 1 << 20
        try await withServer(configuration) { methods in
            methods.unary("test/Stubborn") { (_: Item, _) -> Item in
                probe.record("begun")
                while !isReleased.load(ordering: .relaxed) { await pause() }
                probe.record("returned")
                return Item("")
            }
        } _: { fixture, client in
            defer { isReleased.store(true, ordering: .relaxed) }
            // Whole in one frame each: they run before they are too many.
            let request = Item("", [UInt8](repeating: 1, count: 15_000))
            let calls = (0..<100).map { _ in
                Task { () throws(RPCError) -> Item in try await client.unary("test/Stubborn", request) }
            }
            // How many calls there are before it is too much depends on how their bytes come.
            var refusal: RPCError?
            while refusal == nil {
                do throws(RPCError) {
                    let _: Item = try await client.unary("test/Echo", Item("on"))
                } catch {
                    refusal = error
                }
            }
            #expect(refusal?.code == .resourceExhausted)
            #expect(refusal?.retryAfter == .seconds(1))
            isReleased.store(true, ordering: .relaxed)
            var answered = 0
            for call in calls {
                switch await call.result {
                case .success: answered += 1
                case .failure(let error): #expect((error as? RPCError)?.code == .resourceExhausted)
                }
            }
            // The others were ended: those that went on were within the bound together.
            #expect(answered * 15_000 <= configuration.maxBufferedBytes)
            while probe.count("returned") < probe.count("begun") { await pause() }
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
        }
    }

    /// Also where the task is cancelled.
    private func pause() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
        }
    }
}
