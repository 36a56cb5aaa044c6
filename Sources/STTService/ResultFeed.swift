import STTCore

/// The pieces of a job's transcript as they are made, read from the store and sped up by events.
///
/// The store is the truth: events only save reads. A chunk that an event did not bring is found because the polled job
/// counts more finished chunks than came, and the end comes only from a terminal job in the store. So whatever the event
/// bus loses or repeats, a feed delivers every chunk from its first on exactly once.
///
/// Concurrency: a value; `run` is one task's.
struct ResultFeed: Sendable {
    enum Event: Sendable {
        case partial(MergedChunk, Chunk)
        case status(Job)
    }

    enum Order: Sendable {
        case inOrder
        case asReady
    }

    let store: any JobStore
    let watches: JobWatches
    let job: JobID
    /// The first chunk to deliver.
    let firstChunk: Int
    let order: Order
    /// How long the store may be away before the feed gives up.
    var patience = Duration.seconds(60)

    private static let pageSize = 64
    /// Polls after which the chunks are read whatever the job's count of them says.
    private static let pollsPerReading = 10

    /// Returns after the terminal status was delivered.
    /// - Throws: `PortError` from the store, `unavailable` only once the patience is at its end; or what `deliver` throws.
    func run(_ deliver: @escaping @Sendable (Event) async throws -> Void) async throws {
        try await watches.withNews(of: job) { news in
            var follower = Follower(feed: self)
            for await item in news {
                switch item {
                case .chunk(let chunk): try await follower.take(chunk, deliver)
                case .job(let job): if try await follower.catchUp(with: job, deliver) { return }
                case .gone: throw PortError(.notFound, port: "job store", "job \(job) was deleted")
                case .trouble(let error): try follower.endure(error)
                }
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
        var pollsSinceReading = 0
        var versionRead: Int?
        /// Since when the store has not answered.
        var troubledSince: ContinuousClock.Instant?

        init(feed: ResultFeed) {
            self.feed = feed
        }

        /// Delivers a chunk that an event brought, and those that waited for it. Reads nothing.
        mutating func take(_ chunk: Chunk, _ deliver: (Event) async throws -> Void) async throws {
            guard chunk.index >= next, chunk.state == .done, chunk.result != nil else { return }
            switch feed.order {
            case .asReady:
                try await deliverAsReady(chunk, deliver)
            case .inOrder:
                keep(chunk)
                try await foldEarly(deliver)
            }
        }

        /// Delivers what the store has beyond what was delivered, and the job.
        /// - Returns: Whether the feed has ended.
        mutating func catchUp(
            with job: Job, _ deliver: (Event) async throws -> Void
        ) async throws -> Bool {
            // The job was read before the chunks: once it is terminal, no chunk is committed any more, so what is read
            // now is all.
            if isReadingDue(job) {
                do {
                    switch feed.order {
                    case .inOrder: try await readInOrder(deliver)
                    case .asReady: try await readAsReady(deliver)
                    }
                    pollsSinceReading = 0
                    versionRead = job.version
                } catch let error as StoreTrouble {
                    try endure(error.cause)
                    return false
                }
            }
            if job.state == .completed, let count = job.chunkCount, next < count {
                try endure(
                    PortError(
                        .unavailable, port: "job store", "chunk \(next) of the completed job \(job.id) is missing"))
                return false
            }
            troubledSince = nil
            if job.isWorthTelling(after: lastStatus) {
                lastStatus = job
                try await deliver(.status(job))
            }
            return job.state.isTerminal
        }

        /// - Throws: The error, unless it may pass and the patience is not at its end.
        mutating func endure(_ error: PortError) throws {
            guard error.code == .unavailable else { throw error }
            let now = ContinuousClock.now
            let since = troubledSince ?? now
            troubledSince = since
            if since.duration(to: now) >= feed.patience { throw error }
        }

        /// Whether the store may have chunks that did not come.
        private mutating func isReadingDue(_ job: Job) -> Bool {
            let known = next + (feed.order == .inOrder ? early.count : delivered.count)
            if job.state == .completed, job.chunkCount == next { return false }
            pollsSinceReading += 1
            return job.state.isTerminal || job.progress.chunksDone > known
                || (versionRead != nil && versionRead != job.version)
                || pollsSinceReading >= ResultFeed.pollsPerReading
        }

        private mutating func readInOrder(_ deliver: (Event) async throws -> Void) async throws {
            var from = next
            while true {
                let page = try await chunks(from: from)
                for chunk in page where chunk.state == .done && chunk.index >= next {
                    keep(chunk)
                    try await foldEarly(deliver)
                }
                guard let last = page.last, page.count == ResultFeed.pageSize, next > last.index else { return }
                from = next
            }
        }

        private mutating func readAsReady(_ deliver: (Event) async throws -> Void) async throws {
            var from = next
            while true {
                let page = try await chunks(from: from)
                for chunk in page where chunk.state == .done { try await deliverAsReady(chunk, deliver) }
                guard let last = page.last, page.count == ResultFeed.pageSize else { return }
                from = last.index + 1
            }
        }

        private func chunks(from index: Int) async throws -> [Chunk] {
            do throws(PortError) {
                return try await feed.store.chunks(of: feed.job, from: index, limit: ResultFeed.pageSize)
            } catch {
                throw StoreTrouble(cause: error)
            }
        }

        /// Keeps a chunk until those before it have come. Where there are too many it is read again when its turn comes.
        private mutating func keep(_ chunk: Chunk) {
            if chunk.index == next || early.count < ResultFeed.pageSize { early[chunk.index] = chunk }
        }

        private mutating func foldEarly(_ deliver: (Event) async throws -> Void) async throws {
            while let chunk = early.removeValue(forKey: next), let result = chunk.result {
                let merged = merger.fold(chunk.span, result)
                next = chunk.index + 1
                if chunk.index >= feed.firstChunk { try await deliver(.partial(merged, chunk)) }
            }
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

    /// The store failed, not the delivery.
    private struct StoreTrouble: Error {
        var cause: PortError
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
