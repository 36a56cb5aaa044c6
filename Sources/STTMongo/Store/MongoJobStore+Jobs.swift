public import STTCore

extension MongoJobStore {
    public func insert(_ job: Job) async throws(PortError) -> JobInsertion {
        var fresh = Job(
            id: job.id, tenant: job.tenant, idempotencyKey: job.idempotencyKey, options: job.options,
            priority: job.priority, audio: job.audio, createdAt: job.createdAt)
        fresh.format = job.format
        fresh.language = job.language
        let (inserted, document) = (fresh, try MongoJobs.document(inserting: fresh))
        return try await database.run("insert") { session throws(PortError) in
            // A holder of the key may be deleted between the insertion and the look at it.
            for _ in 0..<3 {
                if try session.insertOne(MongoJobs.collection, document) { return .inserted(inserted) }
                if let key = inserted.idempotencyKey,
                    let first = try Self.job(idempotencyKey: key, tenant: inserted.tenant, in: session)
                {
                    return .existing(first)
                }
                if let same = try MongoJobs.read(inserted.id, in: session), same.tenant == inserted.tenant {
                    return .existing(try MongoJobs.withOpenClaims(same, in: session))
                }
                let sameID: BSONDocument = ["_id": .string(inserted.id.description)]
                if try !session.find(MongoJobs.collection, sameID, fields: ["_id": 1], limit: 1).isEmpty { break }
            }
            throw .mongo(.invalidArgument, "the job id \(inserted.id) was used before: make a new one")
        }
    }

    public func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? {
        try await database.run("job") { session throws(PortError) in try Self.job(id, tenant: tenant, in: session) }
    }

    public func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        try await database.run("jobByKey") { session throws(PortError) in
            try Self.job(idempotencyKey: idempotencyKey, tenant: tenant, in: session)
        }
    }

    public func jobs(_ query: JobQuery) async throws(PortError) -> [Job] {
        guard query.limit > 0 else { return [] }
        var filter: BSONDocument = ["deleted": false]
        if let tenant = query.tenant { filter["tenant"] = .string(tenant.description) }
        if !query.states.isEmpty { filter["state"] = MongoPart.names(Array(query.states)) }
        if let before = query.before { filter["_id"] = ["$lt": .string(before.description)] }
        let wanted = filter
        return try await database.run("jobs") { session throws(PortError) in
            let found = try session.find(
                MongoJobs.collection, wanted, fields: MongoJobs.fields, sort: ["_id": -1], limit: query.limit)
            let jobs = try found.map { document throws(PortError) in try MongoJobs.job(document) }
            return try MongoJobs.withOpenClaims(jobs, in: session)
        }
    }

    public func counts(tenant: Tenant?) async throws(PortError) -> JobCounts {
        var (ofJobs, ofChunks): (BSONDocument, BSONDocument) = (["deleted": false], ["open": true])
        if let tenant {
            ofJobs["tenant"] = .string(tenant.description)
            ofChunks["tenant"] = .string(tenant.description)
        }
        let (jobs, chunks) = (ofJobs, ofChunks)
        return try await database.run("counts") { session throws(PortError) in
            var counts = JobCounts()
            for group in try session.aggregate(
                MongoJobs.collection,
                [
                    ["$match": .document(jobs)],
                    ["$group": ["_id": "$state", "count": ["$sum": 1], "oldest": ["$min": "$createdAt"]]],
                ])
            {
                let record = MongoRecord(document: group, collection: MongoJobs.collection)
                let state: JobState = try record.named("_id")
                counts.jobs[state] = try record.int("count")
                if state == .queued { counts.oldestQueuedAt = try record.date("oldest") }
            }
            for group in try session.aggregate(
                MongoChunks.collection,
                [
                    ["$match": .document(chunks)],
                    ["$group": ["_id": "$state", "count": ["$sum": 1], "samples": ["$sum": "$samples"]]],
                ])
            {
                let record = MongoRecord(document: group, collection: MongoChunks.collection)
                let state: Chunk.State = try record.named("_id")
                if state == .pending {
                    (counts.chunksPending, counts.pendingSamples) = (try record.int("count"), try record.int("samples"))
                } else {
                    counts.chunksRunning = try record.int("count")
                }
            }
            return counts
        }
    }

    public func unfinishedJobs(limit: Int) async throws(PortError) -> Int {
        guard limit > 0 else { return 0 }
        return try await database.run("unfinishedJobs") { session throws(PortError) in
            let counted = try session.aggregate(
                MongoJobs.collection,
                [
                    ["$match": ["state": MongoPart.unfinished]], ["$limit": .int(limit)],
                    ["$group": ["_id": .null, "count": ["$sum": 1]]],
                ])
            return counted.first?["count"]?.int ?? 0
        }
    }

    public func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio {
        let unfinished: BSONDocument = [
            "tenant": .string(tenant.description), "state": MongoPart.unfinished, "receiving": ["$exists": false],
        ]
        var undecoded = unfinished
        undecoded["length"] = .null
        let (all, withoutLength) = (unfinished, undecoded)
        return try await database.run("unfinishedAudio") { session throws(PortError) in
            func sum(_ field: BSONValue, _ filter: BSONDocument) throws(PortError) -> Int {
                let sums = try session.aggregate(
                    MongoJobs.collection,
                    [["$match": .document(filter)], ["$group": ["_id": .null, "sum": ["$sum": field]]]])
                return sums.first?["sum"]?.int ?? 0
            }
            return UnfinishedAudio(
                samples: try sum("$length", all), undecodedBytes: try sum("$audioBytes", withoutLength))
        }
    }

    public func cancel(
        _ id: JobID, tenant: Tenant?, expiresAt: Timestamp
    ) async throws(PortError) -> JobCancellation {
        try await database.run("cancel") { session throws(PortError) in
            var guards: BSONDocument = ["state": MongoPart.unfinished]
            if let tenant { guards["tenant"] = .string(tenant.description) }
            let stages = Self.end(.cancelled, expiresAt: expiresAt)
            // This makes it so; what follows, `claimableWork` does too, should it not happen here.
            guard let cancelled = try MongoJobs.change(id, where: guards, stages, in: session) else {
                guard let job = try Self.job(id, tenant: tenant, in: session) else { return .notFound }
                return .alreadyEnded(job)
            }
            try MongoChunks.cancelOpen(of: id, in: session)
            return .cancelled(try MongoJobs.withOpenClaims(cancelled, in: session))
        }
    }

    // MARK: Inside calls

    static func job(_ id: JobID, tenant: Tenant?, in session: MongoSession) throws(PortError) -> Job? {
        guard let job = try MongoJobs.read(id, in: session) else { return nil }
        if let tenant, job.tenant != tenant { return nil }
        return try MongoJobs.withOpenClaims(job, in: session)
    }

    static func job(
        idempotencyKey: String, tenant: Tenant, in session: MongoSession
    ) throws(PortError) -> Job? {
        let found = try session.find(
            MongoJobs.collection,
            ["tenant": .string(tenant.description), "key": .string(idempotencyKey), "deleted": false],
            fields: MongoJobs.fields, limit: 1)
        guard let document = found.first else { return nil }
        return try MongoJobs.withOpenClaims(try MongoJobs.job(document), in: session)
    }

    /// A pipeline that ends a job.
    static func end(
        _ state: JobState, expiresAt: Timestamp, setting more: BSONDocument = [:], removing fields: [String] = []
    ) -> [BSONValue] {
        var set: BSONDocument = [
            "state": .string(state.rawValue), "version": MongoPart.plus("version", 1), "due": MongoPart.always,
            "finishedAt": "$$NOW", "expiresAt": .date(expiresAt),
        ]
        for field in more.fields { set[field.name] = field.value }
        return [["$set": .document(set)], ["$unset": .strings(["owner", "left"] + fields)]]
    }
}
