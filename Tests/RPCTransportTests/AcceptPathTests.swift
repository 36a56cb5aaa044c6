import Foundation
import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import Synchronization
import Testing

@Suite("Accepting", .timeLimit(.minutes(5)), .serialized)
struct AcceptPathTests {
    @Test func `a loop that a handler keeps busy delays neither accepting nor the other loop's connections`()
        async throws
    {
        let isReleased = Atomic(false)
        let began = HandlerProbe()
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = 2
        try await withServer(configuration) { methods in
            methods.unary("test/Block") { (request: Item, _) -> Item in
                began.record("blocking")
                while !isReleased.load(ordering: .relaxed) { usleep(1000) }
                return request
            }
        } _: { fixture, client in
            defer { isReleased.store(true, ordering: .relaxed) }
            let blocked = Task { () throws(RPCError) -> Item in try await client.unary("test/Block", Item("done")) }
            await began.wait(for: "blocking")
            // One after the other: of those that come at the same moment the busy loop gets its share.
            var peers: [RawPeer] = []
            for _ in 0..<6 {
                let peer = try RawPeer(port: fixture.port)
                peers.append(peer)
                _ = peer.hasInput(within: 500)
            }
            // The busy loop was given one of them at most, for it did not take it over.
            #expect(peers.count { $0.hasInput(within: 5000) } >= 5)
            isReleased.store(true, ordering: .relaxed)
            #expect(try await blocked.value.key == "done")
            #expect(peers.allSatisfy { $0.hasInput(within: 10_000) })
        }
    }

    @Test func `connections are dealt out evenly`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = 4
        let loops = Mutex<[String: Int]>([:])
        try await withServer(configuration) { methods in
            methods.unary("test/Loop") { (_: Item, _) -> Item in
                let text = "\(pthread_self())"
                loops.withLock { $0[text, default: 0] += 1 }
                return Item(text)
            }
        } _: { fixture, _ in
            let clients = (0..<20).map { _ in fixture.client() }
            for client in clients { let _: Item = try await client.unary("test/Loop", Item("")) }
            #expect(loops.withLock { Array($0.values) } == [5, 5, 5, 5])
            for client in clients { await client.close() }
        }
    }

    @Test func `a connection made a moment before the drain is told that nothing of it was looked at`() async throws {
        let fixture = try await Fixture()
        let peers = try (0..<20).map { _ in try RawPeer(port: fixture.port) }
        await fixture.server.drain(grace: .seconds(1))
        for peer in peers {
            _ = try peer.readFrame(.hello)
            let goAway = try ControlMessage.GoAway.decode(try peer.readFrame(.goAway).payload)
            #expect(goAway.reason == CloseReason.drain.rawValue)
            #expect(goAway.lastStream == 0)
        }
    }
}

extension RawPeer {
    fileprivate func hasInput(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }
}
