import Logging
import STTCore

/// The pieces of a job's transcript as they are made, read from the store and sped up by events.
///
/// The store is the truth: events only save reads. A chunk that an event did not bring is found by the next event's
/// hole, or by a timer, and the end comes only from a terminal job in the store. So whatever the event bus loses or
/// repeats, a feed delivers every chunk from its first on exactly once.
///
/// Concurrency: a value; `run` owns its subscription and its tasks.
struct ResultFeed: Sendable {
    enum Event: Sendable {
        case partial(MergedChunk, Chunk)
        case status(Job)
    }

    let store: any JobStore
    let events: any EventBus
    let job: JobID
    let tenant: Tenant?
    /// The first chunk to deliver.
    let firstChunk: Int
    let order: Order
    let logger: Logger

    enum Order: Sendable {
        case inOrder
        case asReady
    }

    /// How often the store is read where no event comes.
    static let pollInterval = Duration.seconds(1)
    private static let pageSize = 64

    private enum Wake: Sendable {
        case event(JobEvent)
        case timer
    }

    /// Returns after the terminal status was delivered.
    /// - Throws: `PortError` from the store, or what `deliver` throws.
    func run(_ deliver: @escaping @Sendable (Event) async throws -> Void) async throws {
        let subscription = try await events.subscribe(to: job)
        let (wakes, continuation) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(256))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in subscription { continuation.yield(.event(event)) }
            }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: Self.pollInterval)
                    continuation.yield(.timer)
                }
            }
            defer {
                continuation.finish()
                group.cancelAll()
            }
            var follower = Follower(feed: self)
            if try await follower.readStore(deliver) { return }
            for await wake in wakes {
                let ended =
                    switch wake {
                    case .event(.chunkDone(let chunk)): try await follower.take(chunk, deliver)
                    case .event(.jobChanged), .timer: try await follower.readStore(deliver)
                    }
                if ended { return }
            }
            try Task.checkCancellation()
        }
    }

    /// What was delivered so far.
    private struct Follower {
        let feed: ResultFeed
        var merger = TranscriptMerger()
        /// The next chunk to fold. In order, everything before it was delivered or lies before the first one asked for.
        var next = 0
        /// Chunks that came early, by index.
        var early: [Int: Chunk] = [:]
        /// As ready: the chunks that were delivered beyond `next`.
        var delivered: Set<Int> = []
        var lastStatus: Job?

        init(feed: ResultFeed) {
            self.feed = feed
        }

        /// Delivers a chunk that an event brought, and those that waited for it.
        /// - Returns: Whether the feed has ended.
        mutating func take(_ chunk: Chunk, _ deliver: (Event) async throws -> Void) async throws -> Bool {
            guard chunk.index >= next, chunk.state == .done else { return false }
            switch feed.order {
            case .asReady:
                try await deliverAsReady(chunk, deliver)
            case .inOrder:
                if early.count < ResultFeed.pageSize || chunk.index == next { early[chunk.index] = chunk }
                while let ready = early.removeValue(forKey: next) { try await fold(ready, deliver) }
            }
            return false
        }

        /// Reads what the store has beyond what was delivered, and the job.
        mutating func readStore(_ deliver: (Event) async throws -> Void) async throws -> Bool {
            // The job first: once it is terminal, no chunk is committed any more, so what is read afterwards is all.
            guard let job = try await feed.store.job(feed.job, tenant: feed.tenant) else {
                throw PortError(.notFound, port: "job store", "job \(feed.job) was deleted")
            }
            switch feed.order {
            case .inOrder: try await readInOrder(deliver)
            case .asReady: try await readAsReady(deliver)
            }
            if job.isWorthTelling(after: lastStatus) {
                lastStatus = job
                try await deliver(.status(job))
            }
            return job.state.isTerminal
        }

        private mutating func readInOrder(_ deliver: (Event) async throws -> Void) async throws {
            while true {
                let page = try await feed.store.chunks(of: feed.job, from: next, limit: ResultFeed.pageSize)
                for chunk in page {
                    guard chunk.index == next, chunk.state == .done else { return }
                    try await fold(chunk, deliver)
                }
                if page.count < ResultFeed.pageSize { return }
            }
        }

        private mutating func readAsReady(_ deliver: (Event) async throws -> Void) async throws {
            var from = next
            while true {
                let page = try await feed.store.chunks(of: feed.job, from: from, limit: ResultFeed.pageSize)
                for chunk in page where chunk.state == .done { try await deliverAsReady(chunk, deliver) }
                guard let last = page.last, page.count == ResultFeed.pageSize else { return }
                from = last.index + 1
            }
        }

        private mutating func fold(_ chunk: Chunk, _ deliver: (Event) async throws -> Void) async throws {
            guard let result = chunk.result else { return }
            let merged = merger.fold(chunk.span, result)
            next = chunk.index + 1
            early[chunk.index] = nil
            if chunk.index >= feed.firstChunk { try await deliver(.partial(merged, chunk)) }
        }

        private mutating func deliverAsReady(_ chunk: Chunk, _ deliver: (Event) async throws -> Void) async throws {
            guard chunk.index >= next, let result = chunk.result, delivered.insert(chunk.index).inserted else { return }
            var span = chunk.span
            span.endsInForcedCut = false
            var alone = TranscriptMerger()
            if chunk.index >= feed.firstChunk {
                try await deliver(.partial(alone.fold(span, result), chunk))
            }
            while delivered.remove(next) != nil { next += 1 }
        }
    }
}

extension Job {
    /// Whether a client that knows the other status learns something from this one.
    fileprivate func isWorthTelling(after last: Job?) -> Bool {
        guard let last else { return true }
        return state != last.state || chunkCount != last.chunkCount || format != last.format || failure != last.failure
            || progress.chunksDone != last.progress.chunksDone
    }
}
