import STTCore

/// Jobs as documents.
///
/// `due` is when the job may be claimed: the end of its lease where it has an owner, else what a release asked for.
/// `counted` has the indexes of the chunks whose commit is in `progress`; it is read by nobody but repairs. `left` is how
/// many chunks are not counted yet, from the end of preparing to the end of the job. `audioBytes` and `length` (samples,
/// null while it is not known) repeat what is inside `audio` and `format`, which are texts to the server. `receiving` is
/// there while the audio is not complete.
enum MongoJobs {
    static let collection = MongoCollection.jobs
    static let fields: BSONDocument = ["counted": 0]

    static func document(inserting job: Job) throws(PortError) -> BSONDocument {
        var document: BSONDocument = [
            "_id": .string(job.id.description), "tenant": .string(job.tenant.description),
            "options": try MongoRecord.text(job.options), "priority": .string(job.priority.rawValue),
            "audio": try MongoRecord.text(job.audio), "state": .string(JobState.queued.rawValue), "deleted": false,
            "version": 1, "due": MongoPart.always, "counted": [],
            "progress": ["done": 0, "gaps": 0, "samples": 0, "claims": 0], "stageAttempts": 0, "stageClaims": 0,
            "createdAt": .date(job.createdAt), "audioBytes": .int(job.audio.byteCount),
            "length": length(job.format),
        ]
        document["key"] = job.idempotencyKey.map { .string($0) }
        document["language"] = job.language.map { .string($0) }
        if let format = job.format { document["format"] = try MongoRecord.text(format) }
        return document
    }

    static func length(_ format: AudioFormat?) -> BSONValue { format?.sampleCount.map { .int($0) } ?? .null }

    static func job(_ document: BSONDocument) throws(PortError) -> Job {
        let record = MongoRecord(document: document, collection: collection)
        var job = Job(
            id: try record.jobID("_id"), tenant: Tenant(try record.string("tenant")),
            idempotencyKey: try record.optionalString("key"), options: try record.json("options"),
            priority: try record.named("priority"), audio: try record.json("audio"),
            createdAt: try record.date("createdAt"))
        job.format = try record.optionalJSON("format")
        job.state = try record.named("state")
        job.version = try record.int("version")
        job.chunkCount = try record.optionalInt("chunkCount")
        job.progress = try progress(record)
        job.language = try record.optionalString("language")
        job.result = try record.optionalJSON("result")
        job.failure = try record.optionalJSON("failure")
        job.stageAttempts = try record.int("stageAttempts")
        job.stageClaims = try record.int("stageClaims")
        if let owner = try record.optionalString("owner") {
            job.lease = Lease(owner: OwnerToken(owner), until: try record.date("due"))
        }
        job.startedAt = try record.optionalDate("startedAt")
        job.finishedAt = try record.optionalDate("finishedAt")
        job.expiresAt = try record.optionalDate("expiresAt")
        return job
    }

    private static func progress(_ record: MongoRecord) throws(PortError) -> JobProgress {
        guard let progress = record.document["progress"]?.document, let done = progress["done"]?.int,
            let gaps = progress["gaps"]?.int, let samples = progress["samples"]?.int,
            let claims = progress["claims"]?.int
        else { throw record.damaged("progress") }
        return JobProgress(chunksDone: done, chunksWithGaps: gaps, samplesDone: samples, chunkAttempts: claims)
    }

    // MARK: Reading

    /// A job that is not deleted, without the claims of its chunks that are not done.
    static func read(_ id: JobID, in session: MongoSession) throws(PortError) -> Job? {
        let filter: BSONDocument = ["_id": .string(id.description), "deleted": false]
        guard let found = try session.find(collection, filter, fields: fields, limit: 1).first else { return nil }
        return try job(found)
    }

    /// A job with everything that its document has, and the server's time.
    static func readWhole(
        _ id: JobID, in session: MongoSession
    ) throws(PortError) -> (job: Job, document: BSONDocument, now: Timestamp)? {
        let found = try session.aggregate(
            collection,
            [["$match": ["_id": .string(id.description), "deleted": false]], ["$set": ["now": "$$NOW"]]])
        guard let document = found.first else { return nil }
        let now = try MongoRecord(document: document, collection: collection).date("now")
        return (try job(document), document, now)
    }

    /// Adds the claims of chunks that are not done, which the jobs' own counters leave out.
    static func withOpenClaims(_ jobs: [Job], in session: MongoSession) throws(PortError) -> [Job] {
        // A job that was not prepared has no chunks, and of a completed one all are done.
        let ids = jobs.filter { $0.state != .queued && $0.state != .completed }.map(\.id.description)
        guard !ids.isEmpty else { return jobs }
        let states = [Chunk.State.pending, .running, .cancelled].map(\.rawValue)
        let sums = try session.aggregate(
            MongoCollection.chunks,
            [
                ["$match": ["job": ["$in": .strings(ids)], "state": ["$in": .strings(states)]]],
                ["$group": ["_id": "$job", "claims": ["$sum": "$claims"]]],
            ])
        var claims: [String: Int] = [:]
        for sum in sums { claims[sum["_id"]?.string ?? ""] = sum["claims"]?.int ?? 0 }
        return jobs.map { job in
            var job = job
            job.progress.chunkAttempts += claims[job.id.description] ?? 0
            return job
        }
    }

    static func withOpenClaims(_ job: Job, in session: MongoSession) throws(PortError) -> Job {
        try withOpenClaims([job], in: session).first ?? job
    }

    // MARK: Changing

    /// Changes a job under a guard and returns it as it is afterwards.
    static func change(
        _ id: JobID, where guards: BSONDocument, _ stages: [BSONValue], in session: MongoSession
    ) throws(PortError) -> Job? {
        var filter: BSONDocument = ["_id": .string(id.description), "deleted": false]
        for field in guards.fields { filter[field.name] = field.value }
        guard let changed = try session.findAndModify(collection, filter, stages, fields: fields) else { return nil }
        return try job(changed)
    }

    /// The guard of the owner of a stage, be the lease run out or not.
    static func held(_ stage: JobStage, by owner: OwnerToken) -> BSONDocument {
        ["state": .string(MongoPart.running(stage).rawValue), "owner": .string(owner.description)]
    }

    /// Adds a commit to the job's counters, unless it is in them or the job has ended.
    static func count(_ chunk: MongoDoneChunk, of id: JobID, in session: MongoSession) throws(PortError) -> Job? {
        var sums: BSONDocument = [
            "counted": ["$concatArrays": ["$counted", [.int(chunk.index)]]],
            "progress.done": MongoPart.plus("progress.done", 1),
            "progress.gaps": MongoPart.plus("progress.gaps", chunk.hasGaps ? 1 : 0),
            "progress.samples": MongoPart.plus("progress.samples", chunk.samples),
            "progress.claims": MongoPart.plus("progress.claims", chunk.claims),
        ]
        if let language = chunk.language { sums["language"] = ["$ifNull": ["$language", .literal(language)]] }
        return try change(
            id, where: ["state": MongoPart.unfinished, "counted": ["$ne": .int(chunk.index)]],
            [["$set": .document(sums)], setLeft], in: session)
    }

    /// While the number of chunks is not known, this gives null.
    static let setLeft: BSONValue = ["$set": ["left": ["$subtract": ["$chunkCount", "$progress.done"]]]]
}
