import Logging
public import STTCore
import Synchronization

extension MongoJobStore {
    /// Also finishes what processes that ended in mid-call left half done.
    public func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] {
        guard limit > 0 else { return [] }
        let database = database
        return try await database.run("claimableWork") { session throws(PortError) in
            try Self.repairCounters(database, in: session)
            let now = BSONValue.date(try session.now())
            // Of one job, `prepare` comes first, then the chunks by index, then the rest.
            var items: [(rank: Int, item: WorkItem)] = []
            for (rank, kind, filter) in [
                (-1, WorkItem.Kind.prepare, ["state": MongoPart.names([.queued, .preparing])] as BSONDocument),
                (.max, .merge, ["left": 0, "state": MongoPart.names([.transcribing, .merging])]),
            ] {
                var filter = filter
                filter["due"] = ["$lte": now]
                for record in try Self.find(MongoJobs.collection, filter, sort: ["_id": 1], limit, in: session) {
                    let item = WorkItem(
                        kind, job: try record.jobID("_id"), tenant: Tenant(try record.string("tenant")),
                        priority: try record.named("priority"))
                    items.append((rank, item))
                }
            }
            items += try Self.claimableChunks(now: now, limit: limit, in: session)
            for record in try Self.find(MongoJobs.collection, ["deleted": true], sort: ["_id": 1], limit, in: session) {
                let item = WorkItem(
                    .collect, job: try record.jobID("_id"), tenant: Tenant(try record.string("tenant")))
                items.append((.max, item))
            }
            items.sort { ($0.item.job, $0.rank) < ($1.item.job, $1.rank) }
            return items.prefix(limit).map(\.item)
        }
    }

    private static func find(
        _ collection: String, _ filter: BSONDocument, sort: BSONDocument, _ limit: Int, in session: MongoSession
    ) throws(PortError) -> [MongoRecord] {
        try session.find(
            collection, filter,
            fields: ["tenant": 1, "priority": 1, "job": 1, "index": 1, "start": 1, "end": 1], sort: sort, limit: limit
        ).map { MongoRecord(document: $0, collection: collection) }
    }

    private static func claimableChunks(
        now: BSONValue, limit: Int, in session: MongoSession
    ) throws(PortError) -> [(rank: Int, item: WorkItem)] {
        let records = try find(
            MongoChunks.collection, ["open": true, "due": ["$lte": now]], sort: ["job": 1, "index": 1], limit,
            in: session)
        var items: [(rank: Int, item: WorkItem)] = []
        for record in records {
            let span = ChunkSpan(
                index: try record.int("index"), startSample: try record.int("start"), endSample: try record.int("end"))
            let item = WorkItem(
                .chunk(span.index), job: try record.jobID("job"), tenant: Tenant(try record.string("tenant")),
                priority: try record.named("priority"), audioMilliseconds: Int(span.duration.milliseconds))
            items.append((span.index, item))
        }
        let ended = try MongoRepair.endChunks(of: Set(items.map(\.item.job.description)), in: session)
        return items.filter { !ended.contains($0.item.job.description) }
    }

    /// Compares the counters of some jobs with their chunks, of the next ones the next time.
    private static func repairCounters(_ database: MongoDatabase, in session: MongoSession) throws(PortError) {
        let pageSize = 64
        let start = database.comparedUpTo.withLock { $0 }
        let page = try session.find(
            MongoJobs.collection,
            [
                "state": .string(JobState.transcribing.rawValue), "_id": ["$gt": .string(start?.description ?? "")],
                "left": ["$gt": 0],
            ], fields: ["left": 1], sort: ["_id": 1], limit: pageSize)
        _ = try MongoRepair.count(page, in: session, logger: database.logger)
        let end = page.count == pageSize ? page.last?["_id"]?.string.flatMap { JobID($0) } : nil
        database.comparedUpTo.withLock { $0 = end }
    }

    public func releaseAllLeases() async throws(PortError) {
        try await database.run("releaseAllLeases") { session throws(PortError) in
            _ = try session.updateMany(
                MongoJobs.collection, ["owner": ["$exists": true]],
                ["$set": ["due": MongoPart.always], "$inc": ["version": 1], "$unset": ["owner": ""]])
            _ = try session.updateMany(
                MongoChunks.collection, ["open": true, "state": .string(Chunk.State.running.rawValue)],
                [
                    "$set": ["state": .string(Chunk.State.pending.rawValue), "due": MongoPart.always],
                    "$inc": ["attempts": -1], "$unset": ["owner": ""],
                ])
        }
    }

    public func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        let logger = database.logger
        return try await database.run("markDeleted") { session throws(PortError) in
            var guards: BSONDocument = ["state": MongoPart.names(JobState.allCases.filter(\.isTerminal))]
            if let tenant { guards["tenant"] = .string(tenant.description) }
            let job = try Self.job(id, tenant: tenant, in: session)
            let marking: [BSONValue] = [["$set": ["deleted": true, "version": MongoPart.plus("version", 1)]]]
            guard var deleted = try MongoJobs.change(id, where: guards, marking, in: session) else {
                guard let job, !job.state.isTerminal else { return .notFound }
                return .notEnded(job)
            }
            deleted.progress = job?.progress ?? deleted.progress
            do {
                try MongoChunks.delete(of: [id], in: session)
            } catch {
                // The job is gone for everybody all the same, and `purge` removes them.
                logger.warning(
                    "the chunks of a deleted job stay until it is purged",
                    metadata: ["job": "\(id)", "error": "\(error)"])
            }
            return .deleted(deleted)
        }
    }

    public func markExpired(limit: Int) async throws(PortError) -> Int {
        guard limit > 0 else { return 0 }
        return try await database.run("markExpired") { session throws(PortError) in
            let due: BSONValue = ["$lte": .date(try session.now())]
            let expired = try session.find(
                MongoJobs.collection, ["deleted": false, "expiresAt": due], fields: ["_id": 1],
                sort: ["expiresAt": 1], limit: limit)
            let ids = expired.compactMap { $0["_id"]?.string }
            guard !ids.isEmpty else { return 0 }
            let count = try session.updateMany(
                MongoJobs.collection, ["_id": ["$in": .strings(ids)], "deleted": false, "expiresAt": due],
                ["$set": ["deleted": true], "$inc": ["version": 1]])
            try MongoChunks.delete(of: ids.compactMap { JobID($0) }, in: session)
            return count
        }
    }

    public func collectable(limit: Int) async throws(PortError) -> [Job] {
        guard limit > 0 else { return [] }
        return try await database.run("collectable") { session throws(PortError) in
            try session.find(
                MongoJobs.collection, ["deleted": true], fields: MongoJobs.fields, sort: ["_id": 1], limit: limit
            ).map { document throws(PortError) in try MongoJobs.job(document) }
        }
    }

    /// Chunks first: a job that is left over after an interruption is still collectable.
    public func purge(_ id: JobID) async throws(PortError) {
        try await database.run("purge") { session throws(PortError) in
            let deleted: BSONDocument = ["_id": .string(id.description), "deleted": true]
            guard try !session.find(MongoJobs.collection, deleted, fields: ["_id": 1], limit: 1).isEmpty else { return }
            try MongoChunks.delete(of: [id], in: session)
            try session.deleteOne(MongoJobs.collection, deleted)
        }
    }

    public func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> {
        guard !ids.isEmpty else { return [] }
        return try await database.run("recorded") { session throws(PortError) in
            let found = try session.find(
                MongoJobs.collection, ["_id": ["$in": .strings(ids.map(\.description))]], fields: ["_id": 1])
            return Set(found.compactMap { $0["_id"]?.string.flatMap { JobID($0) } })
        }
    }
}
