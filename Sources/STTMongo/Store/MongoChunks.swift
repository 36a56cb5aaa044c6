import STTCore

/// Chunks as documents.
///
/// `due` is when the chunk may be claimed: the end of its lease while it is running, else what a release asked for.
/// `open` is there while it is pending or running.
enum MongoChunks {
    static let collection = MongoCollection.chunks

    static func id(_ index: Int, of job: JobID) -> String {
        let digits = String(max(index, 0))
        return "\(job)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    /// All chunks of a job, by their ids.
    static func all(of job: JobID, from index: Int = 0) -> BSONValue {
        // "0" follows "/".
        ["$gte": .string(id(index, of: job)), "$lt": .string("\(job)0")]
    }

    static func document(adding span: ChunkSpan, to job: Job) -> BSONDocument {
        var document: BSONDocument = [
            "_id": .string(id(span.index, of: job.id)), "job": .string(job.id.description), "index": .int(span.index),
            "tenant": .string(job.tenant.description), "priority": .string(job.priority.rawValue),
            "start": .int(span.startSample), "end": .int(span.endSample), "leadIn": .int(span.leadInSamples),
            "forced": .bool(span.endsInForcedCut), "samples": .int(span.ownSamples), "open": true,
            "state": .string(Chunk.State.pending.rawValue), "attempts": 0, "claims": 0, "releases": 0,
            "due": MongoPart.always,
        ]
        document["checkpoint"] = span.checkpoint.map { .string($0) }
        return document
    }

    static func chunk(_ document: BSONDocument) throws(PortError) -> Chunk {
        let record = MongoRecord(document: document, collection: collection)
        var chunk = Chunk(
            job: try record.jobID("job"),
            span: ChunkSpan(
                index: try record.int("index"), startSample: try record.int("start"), endSample: try record.int("end"),
                leadInSamples: try record.int("leadIn"), endsInForcedCut: try record.bool("forced"),
                checkpoint: try record.optionalString("checkpoint")))
        chunk.state = try record.named("state")
        chunk.attempts = try record.int("attempts")
        chunk.claims = try record.int("claims")
        chunk.releases = try record.int("releases")
        let due = try record.date("due")
        if chunk.state == .running {
            chunk.lease = Lease(owner: OwnerToken(try record.string("owner")), until: due)
        } else if due.millisecondsSinceEpoch > 0 {
            chunk.notBefore = due
        }
        chunk.lastFailure = try record.optionalJSON("failure")
        chunk.result = try record.optionalBinaryJSON("result")
        return chunk
    }

    // MARK: Reading

    /// A chunk with its job and the server's time, in one query.
    struct Found {
        var chunk: Chunk
        var committedBy: String?
        /// `nil` where it has no record.
        var job: Job?
        var jobIsDeleted: Bool
        var now: Timestamp

        /// Nothing may be done to the chunk any more.
        var jobHasEnded: Bool { jobIsDeleted || job?.state.isTerminal ?? true }
    }

    /// - Parameter withResult: Whether to read the result too, which may be large.
    static func read(
        _ index: Int, of job: JobID, withResult: Bool = false, in session: MongoSession
    ) throws(PortError) -> Found? {
        guard index >= 0 else { return nil }
        var hidden: BSONDocument = ["jobs.counted": 0]
        if !withResult { hidden["result"] = 0 }
        let found = try session.aggregate(
            collection,
            [
                ["$match": ["_id": .string(id(index, of: job))]],
                [
                    "$lookup": [
                        "from": .string(MongoJobs.collection), "localField": "job", "foreignField": "_id", "as": "jobs",
                    ]
                ],
                ["$set": ["now": "$$NOW"]], ["$project": .document(hidden)],
            ])
        guard let document = found.first else { return nil }
        let record = MongoRecord(document: document, collection: collection)
        let jobDocument = document["jobs"]?.array?.first?.document
        return Found(
            chunk: try chunk(document), committedBy: try record.optionalString("committedBy"),
            job: try jobDocument.map { document throws(PortError) in try MongoJobs.job(document) },
            jobIsDeleted: jobDocument?["deleted"]?.bool ?? false, now: try record.date("now"))
    }

    /// How many chunks of each job are pending or running.
    static func openCounts(of jobs: [String], in session: MongoSession) throws(PortError) -> [String: Int] {
        guard !jobs.isEmpty else { return [:] }
        let groups = try session.aggregate(
            collection,
            [
                ["$match": ["open": true, "job": ["$in": .strings(jobs)]]],
                ["$group": ["_id": "$job", "count": ["$sum": 1]]],
            ])
        var counts: [String: Int] = [:]
        for group in groups { counts[group["_id"]?.string ?? ""] = group["count"]?.int ?? 0 }
        return counts
    }

    // MARK: Changing

    /// The guard of the chunk's owner, be the lease run out or not.
    static func held(_ index: Int, of job: JobID, by owner: OwnerToken) -> BSONDocument {
        [
            "_id": .string(id(index, of: job)), "state": .string(Chunk.State.running.rawValue),
            "owner": .string(owner.description),
        ]
    }

    static func cancelOpen(of job: JobID, in session: MongoSession) throws(PortError) {
        _ = try session.updateMany(
            collection, ["open": true, "job": .string(job.description)],
            [
                "$set": ["state": .string(Chunk.State.cancelled.rawValue), "due": MongoPart.always],
                "$unset": ["open": "", "owner": ""],
            ])
    }

    static func delete(of jobs: [JobID], in session: MongoSession) throws(PortError) {
        guard !jobs.isEmpty else { return }
        try session.deleteMany(collection, ["$or": .array(jobs.map { ["_id": all(of: $0)] })])
    }
}
