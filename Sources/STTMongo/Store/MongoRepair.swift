import Logging
import STTCore

/// Finishes what processes that ended in mid-call left half done.
enum MongoRepair {
    /// Counts commits that reached their chunk but not their job.
    /// - Parameter documents: Jobs with `_id` and `left`. Those of which more is left than there are open chunks are
    ///   repaired.
    /// - Returns: Whether any was.
    static func count(
        _ documents: [BSONDocument], in session: MongoSession, logger: Logger
    ) throws(PortError) -> Bool {
        let left = documents.compactMap { document -> (id: String, left: Int)? in
            guard let id = document["_id"]?.string, let left = document["left"]?.int, left > 0 else { return nil }
            return (id, left)
        }
        let open = try MongoChunks.openCounts(of: left.map(\.id), in: session)
        var repaired = false
        for (id, left) in left where (open[id] ?? 0) < left {
            guard let job = JobID(id) else { throw .unreadable("id", in: MongoJobs.collection, id: id) }
            let count = try countCommits(of: job, in: session)
            guard count > 0 else { continue }
            repaired = true
            logger.warning(
                "counted commits whose worker ended before it could",
                metadata: ["job": "\(job)", "chunks": "\(count)"])
        }
        return repaired
    }

    private static func countCommits(of id: JobID, in session: MongoSession) throws(PortError) -> Int {
        guard let found = try MongoJobs.readWhole(id, in: session), !found.job.state.isTerminal else { return 0 }
        let counted = Set((found.document["counted"]?.array ?? []).compactMap(\.int))
        let done = try session.find(
            MongoChunks.collection,
            ["job": .string(id.description), "state": .string(Chunk.State.done.rawValue)],
            fields: ["index": 1, "samples": 1, "claims": 1, "hasGaps": 1, "language": 1])
        var count = 0
        for document in done {
            let record = MongoRecord(document: document, collection: MongoChunks.collection)
            let chunk = MongoDoneChunk(
                index: try record.int("index"), samples: try record.int("samples"), claims: try record.int("claims"),
                hasGaps: try record.bool("hasGaps"), language: try record.optionalString("language"))
            guard !counted.contains(chunk.index) else { continue }
            if try MongoJobs.count(chunk, of: id, in: session) != nil { count += 1 }
        }
        return count
    }

    /// Cancels open chunks of jobs that have ended, and removes those of jobs that are gone.
    /// - Returns: The jobs whose chunks were dealt with.
    static func endChunks(of jobs: Set<String>, in session: MongoSession) throws(PortError) -> Set<String> {
        guard !jobs.isEmpty else { return [] }
        var (ended, missing) = (jobs, jobs)
        for document in try session.find(
            MongoJobs.collection, ["_id": ["$in": .strings(Array(jobs))]], fields: ["state": 1, "deleted": 1])
        {
            let record = MongoRecord(document: document, collection: MongoJobs.collection)
            let state: JobState = try record.named("state")
            if !state.isTerminal {
                ended.remove(record.id)
            } else if let id = JobID(record.id) {
                try MongoChunks.cancelOpen(of: id, in: session)
            }
            missing.remove(record.id)
        }
        try MongoChunks.delete(of: missing.compactMap { JobID($0) }, in: session)
        return ended
    }
}
