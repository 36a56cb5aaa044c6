import Foundation
import Logging
import STTCore
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Result feed", .timeLimit(.minutes(1)))
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

/// What a feed delivered.
final class Collected: Sendable {
    private let state = Mutex<(chunks: [MergedChunk], last: Job?)>(([], nil))

    func add(_ event: ResultFeed.Event) {
        state.withLock { state in
            switch event {
            case .partial(let merged, _): state.chunks.append(merged)
            case .status(let job): state.last = job
            }
        }
    }

    var indexes: [Int] { state.withLock { $0.chunks.map(\.index) } }
    var text: String { state.withLock { $0.chunks.map(\.text).joined() } }
    var lastState: JobState? { state.withLock { $0.last?.state } }
}

/// A job on the embedded adapters whose chunks a test commits as it likes.
final class FeedFixture: Sendable {
    let store: SQLiteJobStore
    let events: FaultyEventBus
    let watches: JobWatches
    private let folder: DataFolder
    private let count: Int
    private let owner = OwnerToken()

    init(chunks: Int, faults: @escaping @Sendable (PortCall) -> Fault) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stt-feed-\(UUID().uuidString)").path
        folder = try DataFolder(path: path)
        store = try SQLiteJobStore(folder: folder)
        events = FaultyEventBus(InProcessEventBus(), plan: FaultPlan(faults))
        watches = JobWatches(
            store: store, events: events, logger: Logger(label: "feed") { _ in SwiftLogNoOpLogHandler() })
        count = chunks
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// A job that has all its chunks, none of them done.
    func prepare() async throws -> JobID {
        let id = JobID(at: SystemWallClock().now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "f")
        _ = try await store.insert(
            Job(id: id, tenant: .default, options: .init(), audio: audio, createdAt: SystemWallClock().now))
        _ = try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(60))
        let spans = (0..<count).map { ChunkSpan(index: $0, startSample: $0 * 16_000, endSample: ($0 + 1) * 16_000) }
        let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: count * 16_000)
        _ = try await store.addChunks(spans, to: id, owner: owner, format: format)
        _ = try await store.finishPreparing(id, owner: owner, chunkCount: count, format: format)
        return id
    }

    func commit(_ indexes: [Int], of id: JobID) async throws {
        for index in indexes {
            let owner = OwnerToken()
            let claimed = try #require(
                try await store.claimChunk(index, of: id, owner: owner, lease: .seconds(60)))
            let start = claimed.chunk.span.startMilliseconds
            let result = ChunkResult(
                segments: [
                    TranscriptSegment(startMilliseconds: start, endMilliseconds: start + 900, text: "chunk \(index)")
                ], engine: "none", engineMilliseconds: 1)
            _ = try await store.commitChunk(index, of: id, owner: owner, result: result)
            var done = claimed.chunk
            done.state = .done
            done.result = result
            try await events.publish(.chunkDone(done))
            // Events are repeated by brokers, too.
            try await events.publish(.chunkDone(done))
        }
    }

    func commitAll(of id: JobID, order: [Int]) async throws {
        try await commit(order, of: id)
        _ = try await store.claim(.merge, of: id, owner: owner, lease: .seconds(60))
        _ = try await store.complete(
            id, owner: owner, result: StoredResult(key: .transcript(of: id), byteCount: 1), language: nil,
            expiresAt: SystemWallClock().now + .seconds(60))
        try await events.publish(.jobChanged(id))
    }

    func feed(_ id: JobID, firstChunk: Int = 0, order: ResultFeed.Order = .inOrder) -> ResultFeed {
        ResultFeed(
            store: store, watches: watches, job: id, firstChunk: firstChunk, order: order)
    }
}
