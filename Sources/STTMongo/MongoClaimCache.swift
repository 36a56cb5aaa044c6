import STTCore
import Synchronization

/// What a commit adds to the job's counters.
struct MongoDoneChunk: Sendable {
    var index: Int
    var samples: Int
    var claims: Int
    var hasGaps: Bool
    var language: String?
}

/// Remembers length and number of claims of chunks from their claim to their commit, so that the commit need not read
/// them. What is not remembered, the commit reads.
///
/// Concurrency: the `Mutex` guards the entries.
final class MongoClaimCache: Sendable {
    struct Key: Hashable {
        var chunk: String
        var owner: OwnerToken
    }

    private let entries = Mutex<[Key: (samples: Int, claims: Int)]>([:])
    /// Far more than one process works on at a time. Claims that neither commit nor are released are few.
    private static let limit = 10_000

    func remember(_ chunk: Chunk, owner: OwnerToken) {
        let key = Key(chunk: MongoChunks.id(chunk.index, of: chunk.job), owner: owner)
        entries.withLock { entries in
            if entries.count >= Self.limit { entries.removeAll() }
            entries[key] = (chunk.span.ownSamples, chunk.claims)
        }
    }

    func recall(_ index: Int, of job: JobID, owner: OwnerToken) -> (samples: Int, claims: Int)? {
        entries.withLock { $0[Key(chunk: MongoChunks.id(index, of: job), owner: owner)] }
    }

    func forget(_ index: Int, of job: JobID, owner: OwnerToken) {
        entries.withLock { $0[Key(chunk: MongoChunks.id(index, of: job), owner: owner)] = nil }
    }
}
