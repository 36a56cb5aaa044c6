import RPCWire
import STTCore
import STTProto
import Synchronization

/// A feed's account of the chunks that it delivered as they were ready.
struct ReadyFollower {
    let feed: ResultFeed
    /// Every chunk before it was delivered or lies before the first one asked for.
    private var next = 0
    /// The chunks that were delivered beyond `next`.
    private var delivered: Set<Int> = []
    private var job: Job?
    private var lastStatus: Job?
    private var pollsSinceReading = 0
    private var versionRead: Int?
    private var outage: Outage

    private static let pageSize = 64
    /// Polls after which the chunks are read whatever the job's count of them says.
    private static let pollsPerReading = 10

    init(feed: ResultFeed) {
        self.feed = feed
        job = feed.known
        outage = Outage(patience: feed.patience)
    }

    /// - Returns: Whether the feed has ended.
    mutating func take(
        _ news: JobNews, _ deliver: (ResultFeed.Event) async throws -> Void
    ) async throws -> Bool {
        switch news {
        case .chunk(let chunk, let partial):
            guard chunk.state == .done, let job else { return false }
            try await self.deliver(chunk, partial, job.options, deliver)
        case .job(let job):
            self.job = job
            return try await catchUp(with: job, deliver)
        case .gone: throw PortError(.notFound, port: "job store", "job \(feed.job) was deleted")
        case .trouble(let error): try outage.endure(error)
        }
        return false
    }

    /// Delivers what the store has beyond what was delivered, and the job.
    private mutating func catchUp(
        with job: Job, _ deliver: (ResultFeed.Event) async throws -> Void
    ) async throws -> Bool {
        // The job was read before the chunks: once it is terminal, no chunk is committed any more, so what is read now is
        // all.
        if isReadingDue(job) {
            do {
                try await read(job.options, deliver)
                pollsSinceReading = 0
                versionRead = job.version
            } catch let error as StoreTrouble {
                try outage.endure(error.cause)
                return false
            }
        }
        if job.state == .completed, let count = job.chunkCount, next < count {
            try outage.endure(
                PortError(.unavailable, port: "job store", "chunk \(next) of the completed job \(job.id) is missing"))
            return false
        }
        outage.isOver()
        if job.isWorthTelling(after: lastStatus) {
            lastStatus = job
            try await deliver(.status(job, try SharedBytes(encoding: StreamResultReply.status(JobStatus(job)))))
        }
        return job.state.isTerminal
    }

    /// Whether the store may have chunks that did not come.
    private mutating func isReadingDue(_ job: Job) -> Bool {
        if job.state == .completed, job.chunkCount == next { return false }
        pollsSinceReading += 1
        return job.state.isTerminal || job.progress.chunksDone > next + delivered.count
            || (versionRead != nil && versionRead != job.version) || pollsSinceReading >= Self.pollsPerReading
    }

    private mutating func read(
        _ options: TranscriptionOptions, _ deliver: (ResultFeed.Event) async throws -> Void
    ) async throws {
        var from = next
        while true {
            let page: [Chunk]
            do throws(PortError) {
                page = try await feed.store.chunks(of: feed.job, from: from, limit: Self.pageSize)
            } catch {
                throw StoreTrouble(cause: error)
            }
            for chunk in page where chunk.state == .done {
                try await self.deliver(chunk, LonePartial(), options, deliver)
            }
            guard let last = page.last, page.count == Self.pageSize else { return }
            from = last.index + 1
        }
    }

    private mutating func deliver(
        _ chunk: Chunk, _ partial: LonePartial, _ options: TranscriptionOptions,
        _ deliver: (ResultFeed.Event) async throws -> Void
    ) async throws {
        guard chunk.index >= next, let result = chunk.result, delivered.insert(chunk.index).inserted else { return }
        if chunk.index >= feed.firstChunk {
            try await deliver(.partial(try partial.encoded(chunk, result, options)))
        }
        while delivered.remove(next) != nil { next += 1 }
    }

    /// The store failed, not the delivery.
    private struct StoreTrouble: Error {
        var cause: PortError
    }
}

/// A chunk's partial on its own, without the ones beside it: encoded once for all who got it by the same event.
///
/// Concurrency: the mutex guards the bytes.
final class LonePartial: Sendable {
    private let bytes = Mutex<SharedBytes?>(nil)

    func encoded(
        _ chunk: Chunk, _ result: ChunkResult, _ options: TranscriptionOptions
    ) throws(ProtoError) -> SharedBytes {
        try bytes.withLock { known throws(ProtoError) in
            if let known { return known }
            var span = chunk.span
            span.endsInForcedCut = false
            var alone = TranscriptMerger()
            let partial = Partial(alone.fold(span, result), chunk: chunk, options: options)
            let encoded = try SharedBytes(encoding: StreamResultReply.partial(partial))
            known = encoded
            return encoded
        }
    }
}
