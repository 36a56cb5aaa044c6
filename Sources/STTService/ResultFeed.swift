import RPCWire
import STTCore

/// The pieces of a job's transcript as they are made, read from the store and sped up by events.
///
/// The store is the truth: events only save reads. A chunk that an event did not bring is found because the polled job
/// counts more finished chunks than came, and the end comes only from a terminal job in the store. So whatever the event
/// bus loses or repeats, a feed delivers every chunk from its first on exactly once.
///
/// In order, all feeds of a job share its watch: what one of them costs is the sending. As ready, each keeps its own
/// account of what it delivered (`ReadyFollower`), and shares what events bring.
///
/// Concurrency: a value; `run` is one task's.
struct ResultFeed: Sendable {
    enum Event: Sendable {
        /// A `StreamResultReply` with a partial.
        case partial(SharedBytes)
        /// A `StreamResultReply` with the job's status.
        case status(Job, SharedBytes)

        var encoded: SharedBytes {
            switch self {
            case .partial(let encoded), .status(_, let encoded): encoded
            }
        }
    }

    enum Order: Sendable {
        case inOrder
        case asReady
    }

    let store: any JobStore
    let watches: JobWatches
    let job: JobID
    /// The job as it was read just now, if it was.
    var known: Job?
    /// The first chunk to deliver.
    let firstChunk: Int
    let order: Order
    /// How long the store may be away before the feed gives up.
    var patience = Duration.seconds(60)

    /// Returns after the terminal status was delivered.
    /// - Throws: `PortError` from the store, `unavailable` only once the patience is at its end; or what `deliver` throws.
    func run(_ deliver: @escaping @Sendable (Event) async throws -> Void) async throws {
        switch order {
        case .inOrder:
            try await watches.withWatch(of: job, known: known, from: firstChunk) { watch, id in
                try await follow(watch, id, deliver)
            }
        case .asReady:
            try await watches.withNews(of: job, known: known) { news in
                var follower = ReadyFollower(feed: self)
                for await item in news {
                    if try await follower.take(item, deliver) { return }
                }
                try Task.checkCancellation()
            }
        }
    }

    private func follow(
        _ watch: JobWatch, _ id: UInt64, _ deliver: (Event) async throws -> Void
    ) async throws {
        var cursor = JobWatch.Cursor(chunk: firstChunk)
        let joined = ContinuousClock.now
        var outage = Outage(patience: patience)
        while true {
            do {
                switch try await watch.next(&cursor, follower: id) {
                case .partials(let partials):
                    outage.isOver()
                    for partial in partials { try await deliver(.partial(partial)) }
                case .status(let job, let encoded):
                    try await deliver(.status(job, encoded))
                    if job.state.isTerminal { return }
                case .trouble(let error, let since): try outage.endure(error, since: max(since, joined))
                case .gone: throw PortError(.notFound, port: "job store", "job \(job) was deleted")
                }
            } catch let error as JobWatch.PageTrouble {
                try outage.endure(error.cause)
                try await Task.sleep(for: .milliseconds(500) * Double.random(in: 0.75...1.25))
            }
        }
    }
}

/// How long the store has not answered a feed.
struct Outage {
    let patience: Duration
    private var since: ContinuousClock.Instant?

    init(patience: Duration) {
        self.patience = patience
    }

    mutating func isOver() {
        since = nil
    }

    /// - Throws: The error, unless it may pass and the patience is not at its end.
    mutating func endure(_ error: PortError) throws(PortError) {
        let since = since ?? .now
        self.since = since
        try endure(error, since: since)
    }

    /// - Throws: The error, unless it may pass and the patience, counted from another's time, is not at its end.
    func endure(_ error: PortError, since: ContinuousClock.Instant) throws(PortError) {
        guard error.code == .unavailable, since.duration(to: .now) < patience else { throw error }
    }
}

extension Job {
    /// Whether a client that knows the other status learns something from this one.
    func isWorthTelling(after last: Job?) -> Bool {
        guard let last else { return true }
        return state != last.state || chunkCount != last.chunkCount || format != last.format || failure != last.failure
            || progress.chunksDone != last.progress.chunksDone
    }
}
