import STTCore
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Result feed", .timeLimit(.minutes(5)))
struct ResultFeedTests {
    @Test(
        "whatever the bus loses, repeats or reorders, every chunk is delivered once and in order",
        arguments: [0.0, 0.3, 1.0])
    func inOrder(loss: Double) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        let random = Mutex(SplitMix(seed: seed))
        let fixture = try FeedFixture(chunks: 40) { call in
            guard call.method == "publish", call.chunk != nil else { return .none }
            return random.withLock { Double.random(in: 0..<1, using: &$0) } < loss ? .drop : .none
        }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id).run { collected.add($0) }
        try await fixture.commitAll(of: id, order: random.withLock { (0..<40).shuffled(using: &$0) })
        try await feeding
        #expect(collected.indexes == Array(0..<40))
        #expect(collected.text == (0..<40).map { "chunk \($0)\n" }.joined())
        #expect(collected.lastState == .completed)
    }

    @Test("as ready, every chunk is delivered once")
    func asReady() async throws {
        let fixture = try FeedFixture(chunks: 20) { _ in .none }
        let collected = Collected()
        let id = try await fixture.prepare()
        async let feeding: Void = fixture.feed(id, order: .asReady).run { collected.add($0) }
        try await fixture.commitAll(of: id, order: Array((0..<20).reversed()))
        try await feeding
        #expect(collected.indexes.sorted() == Array(0..<20))
        #expect(collected.lastState == .completed)
    }

    @Test("begins at the chunk that is asked for", arguments: [0, 7, 19, 20, 500])
    func from(chunk: Int) async throws {
        let fixture = try FeedFixture(chunks: 20) { _ in .none }
        let collected = Collected()
        let id = try await fixture.prepare()
        try await fixture.commitAll(of: id, order: Array(0..<20))
        try await fixture.feed(id, firstChunk: chunk).run { collected.add($0) }
        #expect(collected.indexes == Array(0..<20).filter { $0 >= chunk })
        #expect(collected.lastState == .completed)
    }

    @Test("of a cancelled job, what was done before the hole is delivered, then its end")
    func cancelled() async throws {
        let fixture = try FeedFixture(chunks: 10) { _ in .none }
        let collected = Collected()
        let id = try await fixture.prepare()
        try await fixture.commit([0, 1, 2, 5], of: id)
        _ = try await fixture.store.cancel(id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(60))
        try await fixture.feed(id).run { collected.add($0) }
        #expect(collected.indexes == [0, 1, 2])
        #expect(collected.lastState == .cancelled)
    }

    @Test("a job that is deleted ends its feed with notFound")
    func deleted() async throws {
        let fixture = try FeedFixture(chunks: 3) { _ in .none }
        let id = try await fixture.prepare()
        _ = try await fixture.store.cancel(id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(60))
        _ = try await fixture.store.markDeleted(id, tenant: nil)
        let error = await #expect(throws: PortError.self) { try await fixture.feed(id).run { _ in } }
        #expect(error?.code == .notFound)
    }
}
