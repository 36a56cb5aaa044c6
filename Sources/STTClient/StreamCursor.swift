internal import RPCClient
internal import STTProto

/// Where a result stream stands: what was delivered, and so what to ask for after the connection broke.
///
/// A partial is delivered at most once whatever the server repeats, and none is skipped: the sequence number of a
/// partial is its chunk's index, without holes.
struct StreamCursor {
    let job: String
    let order: DeliveryOrder
    /// Every chunk before this one was delivered, or was not asked for.
    private(set) var next: Int
    /// Chunks from `next` on that were delivered already. Empty where the order is kept.
    private var ahead: Set<Int> = []
    private var lastStatus: JobStatus?

    init(job: String, fromChunk: Int, order: DeliveryOrder) {
        self.job = job
        self.order = order
        next = fromChunk
    }

    /// What asks for the rest.
    var request: StreamResultRequest { StreamResultRequest(jobID: job, fromChunk: next, order: order) }

    enum Step: Equatable {
        case skip
        case deliver(ResultEvent)
        /// The job has ended; nothing follows.
        case finish(ResultEvent)
    }

    /// - Throws: `RPCError` where the server left out a chunk.
    mutating func take(_ reply: StreamResultReply) throws(RPCError) -> Step {
        switch reply {
        case .partial(let partial):
            guard partial.chunk >= next, !ahead.contains(partial.chunk) else { return .skip }
            if order == .inOrder, partial.chunk != next {
                throw RPCError(
                    .dataLoss, "the server sent chunk \(partial.chunk) where \(next) is next; report this as a bug")
            }
            ahead.insert(partial.chunk)
            while ahead.remove(next) != nil { next += 1 }
            return .deliver(.partial(partial))
        case .status(let status):
            if status.state.isTerminal { return .finish(.status(status)) }
            // A reconnect repeats the status; only news is passed on.
            guard status != lastStatus else { return .skip }
            lastStatus = status
            return .deliver(.status(status))
        case .unrecognized:
            return .skip
        }
    }
}
