import Foundation
import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import Synchronization
import Testing

@Suite("Accepting", .timeLimit(.minutes(1)), .serialized)
struct AcceptPathTests {
    @Test func `a loop that a handler keeps busy delays neither accepting nor the other loop's connections`()
        async throws
    {
        let isReleased = Atomic(false)
        let began = HandlerProbe()
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = 2
        try await withServer(configuration) { [configuration] methods in
            _ = configuration
            methods.unary("test/Block") { (request: Item, _) -> Item in
                began.record("blocking")
                while !isReleased.load(ordering: .relaxed) { usleep(1000) }
                return request
            }
        } _: { fixture, client in
            let blocked = Task { () throws(RPCError) -> Item in try await client.unary("test/Block", Item("done")) }
            await began.wait(for: "blocking")
            let peers = try (0..<6).map { _ in try RawPeer(port: fixture.port) }
            for peer in peers { try peer.sendPrefaceAndHello() }
            // The busy loop was given one of them at most, for it did not take it over.
            var greeted = 0
            let limit = ContinuousClock.now + .seconds(5)
            while greeted < 5, ContinuousClock.now < limit {
                greeted = peers.count { $0.hasInput }
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(greeted >= 5)
            isReleased.store(true, ordering: .relaxed)
            #expect(try await blocked.value.key == "done")
            while peers.contains(where: { !$0.hasInput }) { await Task.yield() }
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
    fileprivate var hasInput: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}
