import Foundation
import Logging
import RPCWire
import STTCore
import STTEmbedded
import STTProto
import STTTestKit
import Synchronization
import Testing

@testable import STTService

/// What a feed delivered.
///
/// Concurrency: a mutex guards it.
final class Collected: Sendable {
    private struct State {
        var chunks: [Partial] = []
        var last: Job?
        var waiters: [(isMet: @Sendable (State) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func add(_ event: ResultFeed.Event) {
        let reply: StreamResultReply?
        do {
            reply = try StreamResultReply.decode(event.encoded.bytes)
        } catch {
            reply = nil
            Issue.record(error)
        }
        let ready = state.withLock { state in
            switch event {
            case .partial: if case .partial(let partial) = reply { state.chunks.append(partial) }
            case .status(let job, _): state.last = job
            }
            let now = state
            let ready = now.waiters.filter { $0.isMet(now) }
            state.waiters.removeAll { $0.isMet(now) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Returns when this many chunks were delivered.
    func chunks(_ count: Int) async {
        await until { $0.chunks.count >= count }
    }

    /// Returns when a status was delivered.
    func status() async {
        await until { $0.last != nil }
    }

    private func until(_ condition: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if condition(state) { return true }
                state.waiters.append((condition, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    var indexes: [Int] { state.withLock { $0.chunks.map(\.chunk) } }
    var partials: [Partial] { state.withLock { $0.chunks } }
    var text: String { state.withLock { $0.chunks.map(\.text).joined() } }
    var lastState: JobState? { state.withLock { $0.last?.state } }
}

/// A job on the embedded adapters whose chunks a test commits as it likes.
final class FeedFixture: Sendable {
    let store: SQLiteJobStore
    /// The store as the feeds see it.
    let readStore: FaultyJobStore
    let readPlan: FaultPlan
    let events: FaultyEventBus
    let watches: JobWatches
    let memory: PartialMemory
    private let folder: DataFolder
    private let count: Int
    /// Every cut is a forced one, with half a second on both sides of it.
    private let cutsHard: Bool
    private let owner = OwnerToken()

    init(
        chunks: Int, memoryLimit: Int = 64 << 20, cutsHard: Bool = false,
        storeFaults: @escaping @Sendable (PortCall) -> Fault = { _ in .none },
        faults: @escaping @Sendable (PortCall) -> Fault
    ) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stt-feed-\(UUID().uuidString)").path
        folder = try DataFolder(path: path)
        store = try SQLiteJobStore(folder: folder)
        readPlan = FaultPlan(storeFaults)
        readStore = FaultyJobStore(store, plan: readPlan)
        events = FaultyEventBus(InProcessEventBus(), plan: FaultPlan(faults))
        memory = PartialMemory(limit: memoryLimit)
        watches = JobWatches(
            store: readStore, events: events, readings: JobReadings(store: readStore),
            logger: Logger(label: "feed") { _ in SwiftLogNoOpLogHandler() }, memory: memory)
        count = chunks
        self.cutsHard = cutsHard
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
        let spans = (0..<count).map { index in
            let leadIn = cutsHard && index > 0 ? 8_000 : 0
            return ChunkSpan(
                index: index, startSample: index * 16_000 - leadIn, endSample: (index + 1) * 16_000,
                leadInSamples: leadIn, endsInForcedCut: cutsHard && index < count - 1)
        }
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
            let result = result(of: claimed.chunk.span)
            _ = try await store.commitChunk(index, of: id, owner: owner, result: result)
            var done = claimed.chunk
            done.state = .done
            done.result = result
            try await events.publish(.chunkDone(done))
            // Events are repeated by brokers, too.
            try await events.publish(.chunkDone(done))
        }
    }

    private func result(of span: ChunkSpan) -> ChunkResult {
        let start = span.startMilliseconds
        var segment = TranscriptSegment(
            startMilliseconds: start, endMilliseconds: start + 900, text: "chunk \(span.index)")
        if cutsHard {
            segment.endMilliseconds = span.endMilliseconds
            segment.words = stride(from: start, to: span.endMilliseconds, by: 100).map { time in
                TranscriptWord(
                    startMilliseconds: time, endMilliseconds: time + 100, text: "word\(time / 100)", probability: 1)
            }
            segment.text = segment.words.map(\.text).joined(separator: " ")
        }
        return ChunkResult(segments: [segment], engine: "none", engineMilliseconds: 1)
    }

    /// The partials as one fold over all the chunks in the store makes them.
    func reference(of id: JobID) async throws -> [Partial] {
        var merger = TranscriptMerger()
        return try await store.chunks(of: id, from: 0, limit: count).map { chunk in
            let merged = merger.fold(chunk.span, try #require(chunk.result))
            return Partial(merged, chunk: chunk, options: .init())
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

    func feed(
        _ id: JobID, known: Job? = nil, firstChunk: Int = 0, order: ResultFeed.Order = .inOrder
    ) -> ResultFeed {
        ResultFeed(
            store: readStore, watches: watches, job: id, known: known, firstChunk: firstChunk, order: order)
    }
}
