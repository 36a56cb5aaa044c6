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

    private struct Status {
        var job: Job
        var encoded: SharedBytes
        var number: Int
    }

    private struct Trouble {
        var error: PortError
        var since: ContinuousClock.Instant
        var number: Int
    }

    private struct Shared {
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

    private struct Folding {
        var merger = TranscriptMerger()
        /// The next chunk to fold.
        var next = 0
        /// Chunks that came early, by index.
        var early: [Int: Chunk] = [:]
        var job: Job?
        var pollsSinceReading = 0
        var versionRead: Int?
    }

    private enum Move {
        case step(Step)
        case load(page: Int)
        case wait
    }

    let id: JobID
    private let store: any JobStore
    private let memory: PartialMemory
    private let encodes: Atomic<Int>
    private let folding = Mutex(Folding())
    private let shared = Mutex(Shared())

    /// Polls after which the chunks are read whatever the job's count of them says.
    private static let pollsPerReading = 10

    init(_ id: JobID, store: any JobStore, memory: PartialMemory) {
        self.id = id
        self.store = store
        self.memory = memory
        encodes = Atomic(0)
    }

    deinit {
        memory.add(-shared.withLock { $0.pages.byteCount })
    }

    /// Partials that were encoded so far, for tests.
    var encodeCount: Int { encodes.load(ordering: .relaxed) }

    // MARK: Followers

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

    private func encode(
        _ merged: MergedChunk, _ chunk: Chunk, _ options: TranscriptionOptions
    ) throws(ProtoError) -> SharedBytes {
        encodes.wrappingAdd(1, ordering: .relaxed)
        return try SharedBytes(encoding: StreamResultReply.partial(Partial(merged, chunk: chunk, options: options)))
    }

    // MARK: Feeding

    /// Takes a chunk that an event brought. Reads nothing.
    func take(_ chunk: Chunk) {
        guard isWanted else { return }
        let hasMore = folding.withLock { folding in
            keep(chunk, &folding)
            return fold(&folding)
        }
        if hasMore { wake() }
    }

    /// Takes the job as the store has it, and what the store has of its chunks beyond what came.
    func take(_ job: Job) async throws(PortError) {
        guard isWanted else { return }
        let isDue: Bool? = folding.withLock { folding in
            if let known = folding.job, !job.isSameOrNewer(than: known) { return nil }
            folding.job = job
            fold(&folding)
            return isReadingDue(job, &folding)
        }
        guard let isDue else { return }
        // The job was read before the chunks: once it is terminal, no chunk is committed any more, so what is read now is
        // all.
        if isDue {
            try await readChunks(of: job)
            folding.withLock { folding in
                folding.pollsSinceReading = 0
                folding.versionRead = job.version
            }
        }
        let next = folding.withLock { $0.next }
        if job.state == .completed, let count = job.chunkCount, next < count {
            throw PortError(.unavailable, port: "job store", "chunk \(next) of the completed job \(job.id) is missing")
        }
        tell(job)
        wake()
    }

    /// Whether a state that was seen elsewhere is one that this watch should ask for.
    func isBehind(_ job: Job) -> Bool {
        folding.withLock { folding in
            guard let known = folding.job else { return false }
            return !known.isSameOrNewer(than: job)
        }
    }

    func isGone() {
        shared.withLock { $0.isGone = true }
        wake()
    }

    func isTroubled(_ error: PortError) {
        shared.withLock { shared in
            shared.lastTrouble += 1
            shared.trouble = Trouble(
                error: error, since: shared.trouble?.since ?? .now, number: shared.lastTrouble)
        }
        wake()
    }

    private func tell(_ job: Job) {
        let last = shared.withLock { shared in
            shared.trouble = nil
            return shared.status
        }
        guard job.isWorthTelling(after: last?.job) else { return }
        let encoded = Result { () throws(ProtoError) in
            try SharedBytes(encoding: StreamResultReply.status(JobStatus(job)))
        }
        shared.withLock { shared in
            switch encoded {
            case .success(let encoded):
                shared.status = Status(job: job, encoded: encoded, number: (last?.number ?? 0) + 1)
            case .failure(let error): shared.failure = error
            }
        }
    }

    private func readChunks(of job: Job) async throws(PortError) {
        var from = folding.withLock { $0.next }
        while true {
            let page = try await store.chunks(of: id, from: from, limit: PartialPages.pageSize)
            let next = folding.withLock { folding in
                for chunk in page {
                    keep(chunk, &folding)
                    fold(&folding)
                }
                return folding.next
            }
            wake()
            guard let last = page.last, page.count == PartialPages.pageSize, next > last.index, next != job.chunkCount
            else { return }
            from = next
        }
    }

    /// Whether the store may have chunks that did not come.
    private func isReadingDue(_ job: Job, _ folding: inout Folding) -> Bool {
        if job.state == .completed, job.chunkCount == folding.next { return false }
        folding.pollsSinceReading += 1
        return job.state.isTerminal || job.progress.chunksDone > folding.next + folding.early.count
            || (folding.versionRead != nil && folding.versionRead != job.version)
            || folding.pollsSinceReading >= Self.pollsPerReading
    }

    /// Keeps a chunk until those before it have come. Where there are too many it is read again when its turn comes.
    private func keep(_ chunk: Chunk, _ folding: inout Folding) {
        guard chunk.state == .done, chunk.result != nil, chunk.index >= folding.next else { return }
        if chunk.index == folding.next || folding.early.count < PartialPages.pageSize {
            folding.early[chunk.index] = chunk
        }
    }

    /// Folds the chunks whose turn it is, once the job is known.
    /// - Returns: Whether there is more for the followers.
    @discardableResult
    private func fold(_ folding: inout Folding) -> Bool {
        guard let options = folding.job?.options else { return false }
        let before = folding.next
        while let chunk = folding.early.removeValue(forKey: folding.next), let result = chunk.result {
            let merged = folding.merger.fold(chunk.span, result)
            let page = PartialPages.page(of: folding.next)
            folding.next += 1
            let merger = folding.merger
            let isWanted = shared.withLock { PartialPages.page(of: $0.wantedFrom) <= page }
            let encoded = isWanted ? Result { () throws(ProtoError) in try encode(merged, chunk, options) } : nil
            shared.withLock { shared in
                switch encoded {
                case .failure(let error): shared.failure = error
                case .success(let partial): change(&shared) { $0.append(partial, merger) }
                case nil: change(&shared) { $0.append(nil, merger) }
                }
            }
        }
        return folding.next > before
    }

    private func change(_ shared: inout Shared, _ body: (inout PartialPages) -> Void) {
        let before = shared.pages.byteCount
        body(&shared.pages)
        shared.pages.shrink(to: memory.isFull ? 0 : PartialPages.byteLimit)
        memory.add(shared.pages.byteCount - before)
    }

    /// Lets all who wait look again. Outside the locks.
    private func wake() {
        let waiters = shared.withLock { shared in
            defer { shared.waiters = [:] }
            return shared.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }
}
