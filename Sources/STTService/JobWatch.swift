import Logging
import RPCWire
import STTCore
import STTProto
import Synchronization

/// Follows one job for all its streams in this process: one subscription, one poll a second, one fold of its chunks, and
/// each partial encoded once.
///
/// Followers pull: one that has everything waits, and is woken when there is more. Nothing is queued for it, so a slow
/// one costs no memory, and what was dropped from memory is read again.
///
/// Concurrency: `folding` guards the fold, which the poll and the events feed; `shared` guards what followers see, and is
/// never held while something is folded, encoded or resumed. `folding` may be held while `shared` is taken, not the
/// other way round.
final class JobWatch: Sendable {
    /// What a follower has.
    struct Cursor: Sendable {
        /// The next partial.
        var chunk: Int
        fileprivate var status = 0
        fileprivate var trouble = 0

        init(chunk: Int) {
            self.chunk = chunk
        }
    }

    /// What a follower gets next.
    enum Step: Sendable {
        case partials(ArraySlice<SharedBytes>)
        /// Terminal only once all partials were given.
        case status(Job, SharedBytes)
        /// The store could not be asked, since when. It is asked again.
        case trouble(PortError, since: ContinuousClock.Instant)
        case gone
    }

    /// A page could not be read again. It may be asked for again.
    struct PageTrouble: Error {
        var cause: PortError
    }

    struct Status {
        var job: Job
        var encoded: SharedBytes
        var number: Int
    }

    struct Trouble {
        var error: PortError
        var since: ContinuousClock.Instant
        var number: Int
    }

    struct Shared {
        var pages = PartialPages()
        var status: Status?
        var trouble: Trouble?
        var lastTrouble = 0
        var isGone = false
        var failure: (any Error)?
        /// The first partial that anybody wants.
        var wantedFrom = Int.max
        var waiters: [UInt64: UnsafeContinuation<Void, Never>] = [:]
        /// Pages that are being made again, with those who wait for them.
        var loading: [Int: [UnsafeContinuation<Void, Never>]] = [:]
    }

    private enum Move {
        case step(Step)
        case load(page: Int)
        case wait
    }

    let id: JobID
    let store: any JobStore
    let memory: PartialMemory
    let folding = Mutex(ChunkFold())
    let shared = Mutex(Shared())

    init(_ id: JobID, store: any JobStore, memory: PartialMemory) {
        self.id = id
        self.store = store
        self.memory = memory
    }

    deinit {
        memory.add(-shared.withLock { $0.pages.byteCount })
    }

    /// - Returns: Whether the partials were not wanted before, so that there may be none.
    @discardableResult
    func want(from chunk: Int) -> Bool {
        shared.withLock { shared in
            defer { shared.wantedFrom = min(shared.wantedFrom, chunk) }
            return shared.wantedFrom == .max
        }
    }

    /// Whether anybody follows in order.
    var isWanted: Bool { shared.withLock { $0.wantedFrom != .max } }

    /// Waits until there is something that the follower does not have.
    /// - Parameter follower: Its own number among the followers; it makes one call at a time.
    /// - Throws: `CancellationError`; `PageTrouble`; `PortError` where the job is gone or damaged.
    func next(_ cursor: inout Cursor, follower: UInt64) async throws -> Step {
        while true {
            switch try shared.withLock({ shared throws in try Self.move(&cursor, &shared) }) {
            case .step(let step): return step
            case .load(let page):
                guard let partials = try await load(page) else { continue }
                let from = cursor.chunk - page * PartialPages.pageSize
                guard from < partials.count else { continue }
                cursor.chunk += partials.count - from
                return .partials(partials[from...])
            case .wait: try await wait(cursor, follower)
            }
        }
    }

    private static func move(_ cursor: inout Cursor, _ shared: inout Shared) throws -> Move {
        if let failure = shared.failure { throw failure }
        if cursor.chunk < shared.pages.count {
            guard let partials = shared.pages.partials(from: cursor.chunk) else {
                return .load(page: PartialPages.page(of: cursor.chunk))
            }
            cursor.chunk += partials.count
            return .step(.partials(partials))
        }
        if let status = shared.status, status.number > cursor.status {
            cursor.status = status.number
            return .step(.status(status.job, status.encoded))
        }
        if shared.isGone { return .step(.gone) }
        if let trouble = shared.trouble, trouble.number > cursor.trouble {
            cursor.trouble = trouble.number
            return .step(.trouble(trouble.error, since: trouble.since))
        }
        return .wait
    }

    private func wait(_ cursor: Cursor, _ follower: UInt64) async throws {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let isReady = shared.withLock { shared in
                    if Task.isCancelled || shared.failure != nil || shared.isGone || cursor.chunk < shared.pages.count
                        || (shared.status?.number ?? 0) > cursor.status
                        || (shared.trouble?.number ?? 0) > cursor.trouble
                    {
                        return true
                    }
                    shared.waiters[follower] = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            shared.withLock { $0.waiters.removeValue(forKey: follower) }?.resume()
        }
        try Task.checkCancellation()
    }

    /// Makes a page again that was dropped, or waits for another who does.
    /// - Returns: `nil` where another did: look again.
    private func load(_ page: Int) async throws -> [SharedBytes]? {
        let isFirst = shared.withLock { shared in
            guard shared.loading[page] == nil else { return false }
            shared.loading[page] = []
            return true
        }
        guard isFirst else {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                let isLoading = shared.withLock { $0.loading[page]?.append(continuation) != nil }
                if !isLoading { continuation.resume() }
            }
            return nil
        }
        let made: Result<[SharedBytes], any Error>
        do {
            made = .success(try await make(page))
        } catch {
            made = .failure(error)
        }
        let waiters = shared.withLock { shared in
            if case .success(let partials) = made {
                change(&shared) { $0.restore(partials, page: page) }
            }
            return shared.loading.removeValue(forKey: page) ?? []
        }
        for waiter in waiters { waiter.resume() }
        return try made.get()
    }

    private func make(_ page: Int) async throws -> [SharedBytes] {
        var (count, merger) = shared.withLock { $0.pages.recipe(ofPage: page) }
        let first = page * PartialPages.pageSize
        let chunks: [Chunk]
        do throws(PortError) {
            chunks = try await store.chunks(of: id, from: first, limit: count)
        } catch {
            throw PageTrouble(cause: error)
        }
        guard let options = folding.withLock({ $0.job?.options }), !chunks.isEmpty else {
            throw PortError(.notFound, port: "job store", "job \(id) was deleted")
        }
        guard chunks.map(\.index) == Array(first..<first + count) else {
            throw PageTrouble(
                cause: PortError(.unavailable, port: "job store", "chunks of job \(id) from \(first) on are missing"))
        }
        return try chunks.map { chunk in
            guard let result = chunk.result else {
                throw PortError(.corrupt, port: "job store", "chunk \(chunk.index) of job \(id) lost its result")
            }
            return try encode(merger.fold(chunk.span, result), chunk, options)
        }
    }

    func encode(
        _ merged: MergedChunk, _ chunk: Chunk, _ options: TranscriptionOptions
    ) throws(ProtoError) -> SharedBytes {
        memory.countEncoding()
        return try SharedBytes(encoding: StreamResultReply.partial(Partial(merged, chunk: chunk, options: options)))
    }
}
