import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Result feed under faults", .timeLimit(.minutes(5)))
struct FeedFaultTests {
    @Test("a bus that cannot be subscribed to is made up for by polling")
    func noSubscription() async throws {
        let fixture = try FeedFixture(chunks: 5) { call in
            call.method == "subscribe" ? .fail(PortError(.unavailable, port: "event bus", "down")) : .none
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id).run { collected.add($0) }
        try await fixture.commitAll(of: id, order: [4, 2, 0, 1, 3])
        try await feeding
        #expect(collected.indexes == [0, 1, 2, 3, 4])
        #expect(collected.lastState == .completed)
    }

    @Test("a bus that comes back is subscribed to again")
    func subscribesAgain() async throws {
        let subscribed = Gate()
        subscribed.open()
        let fixture = try FeedFixture(chunks: 1) { call in
            guard call.method == "subscribe" else { return .none }
            return call.count < 3
                ? .fail(PortError(.unavailable, port: "event bus", "down")) : .wait { await subscribed.wait() }
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id).run { collected.add($0) }
        await subscribed.arrivals(1)
        try await fixture.commitAll(of: id, order: [0])
        try await feeding
        #expect(collected.lastState == .completed)
    }

    @Test("a message that the bus never delivered arrives with the next poll but one at the latest")
    func lostMessage() async throws {
        let fixture = try FeedFixture(chunks: 2) { $0.method == "publish" ? .drop : .none }
        let collected = Collected()
        let id = try await fixture.prepare()
        let feeding = Task { try await fixture.feed(id).run { collected.add($0) } }
        try await fixture.commit([0], of: id)
        await collected.chunks(1)
        try await fixture.commit([1], of: id)
        // One poll may have been under way when the chunk was committed.
        let before = fixture.readPlan.calls(of: "job")
        await collected.chunks(2)
        #expect(fixture.readPlan.calls(of: "job") <= before + 2)
        feeding.cancel()
        _ = await feeding.result
    }

    @Test("a store that is away for a while does not end the feed")
    func storeAway() async throws {
        let isAway = Mutex(true)
        let failures = Gate()
        failures.open()
        let fixture = try FeedFixture(chunks: 3) { call in
            guard isAway.withLock({ $0 }) else { return .none }
            return .loseReply(PortError(.unavailable, port: "job store", "away"))
        } faults: {
            $0.method == "publish" ? .drop : .none
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id).run { collected.add($0) }
        try await fixture.commitAll(of: id, order: [0, 1, 2])
        while fixture.readPlan.calls(of: "job") < 3 { await Task.yield() }
        #expect(collected.indexes == [])
        isAway.withLock { $0 = false }
        try await feeding
        #expect(collected.indexes == [0, 1, 2])
        #expect(collected.lastState == .completed)
    }

    @Test("chunks that cannot be read are read again", arguments: [ResultFeed.Order.inOrder, .asReady])
    func chunksAway(order: ResultFeed.Order) async throws {
        let fixture = try FeedFixture(chunks: 3) { call in
            call.method == "chunks" && call.count < 3
                ? .fail(PortError(.unavailable, port: "job store", "away")) : .none
        } faults: {
            $0.method == "publish" ? .drop : .none
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        try await fixture.commitAll(of: id, order: [0, 1, 2])
        try await fixture.feed(id, order: order).run { collected.add($0) }
        #expect(collected.indexes == [0, 1, 2])
    }

    @Test("a store that stays away ends the feed with unavailable, and one that is damaged at once")
    func storeGone() async throws {
        for (code, patience) in [(PortError.Code.unavailable, Duration.zero), (.corrupt, .seconds(60))] {
            let fixture = try FeedFixture(chunks: 1) { _ in
                .fail(PortError(code, port: "job store", "away"))
            } faults: { _ in
                .none
            }
            let id = try await fixture.prepare()
            var feed = fixture.feed(id)
            feed.patience = patience
            let limited = feed
            let error = await #expect(throws: PortError.self) { try await limited.run { _ in } }
            #expect(error?.code == code)
        }
    }

    @Test("many feeds of one job share its polls, and read no chunk while none is committed")
    func sharedPolls() async throws {
        let fixture = try FeedFixture(chunks: 2) { _ in .none }
        let id = try await fixture.prepare()
        let all = (0..<100).map { _ in Collected() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for collected in all {
                group.addTask { try await fixture.feed(id).run { collected.add($0) } }
            }
            for collected in all { await collected.status() }
            let (before, began) = (fixture.readPlan.calls(of: "job"), ContinuousClock.now)
            while fixture.readPlan.calls(of: "job") < before + 6 { try await Task.sleep(for: .milliseconds(50)) }
            // One a second, not a hundred; the first few may have been asked for by those who joined.
            #expect(ContinuousClock.now - began > .milliseconds(1500))
            #expect(fixture.watches.count == 1)
            #expect(fixture.readPlan.calls(of: "chunks") == 0)
            try await fixture.commitAll(of: id, order: [0, 1])
            try await group.waitForAll()
        }
        #expect(all.allSatisfy { $0.indexes == [0, 1] && $0.lastState == .completed })
        #expect(fixture.watches.count == 0)
    }

    @Test("a partial that an event brings is delivered without a read")
    func withoutReads() async throws {
        let isClosed = Mutex(false)
        let fixture = try FeedFixture(chunks: 3) { call in
            isClosed.withLock { $0 } ? .wait { try? await Task.sleep(for: .seconds(30)) } : .none
        } faults: { _ in
            .none
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        let feeding = Task { try await fixture.feed(id).run { collected.add($0) } }
        try await fixture.commit([0], of: id)
        await collected.chunks(1)
        // From here on every read hangs.
        isClosed.withLock { $0 = true }
        try await fixture.commit([2, 1], of: id)
        await collected.chunks(3)
        #expect(collected.indexes == [0, 1, 2])
        feeding.cancel()
        _ = await feeding.result
    }

    @Test("more early chunks than are kept do not hold up the rest")
    func manyEarly() async throws {
        let fixture = try FeedFixture(chunks: 200) { $0.method == "publish" && ($0.chunk ?? 0) < 100 ? .drop : .none }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id).run { collected.add($0) }
        try await fixture.commitAll(of: id, order: (0..<200).reversed())
        try await feeding
        #expect(collected.indexes == Array(0..<200))
    }
}
