public import STTCore

extension MongoJobStore {
    public func claim(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> Job? {
        let logger = database.logger
        return try await database.run("claim") { session throws(PortError) in
            guard var found = try MongoJobs.readWhole(id, in: session) else { return nil }
            switch stage {
            case .prepare:
                guard found.job.state == .queued || found.job.state == .preparing else { return nil }
            case .merge:
                guard found.job.state == .transcribing || found.job.state == .merging else { return nil }
                if found.document["left"]?.int != 0 {
                    guard try MongoRepair.count([found.document], in: session, logger: logger),
                        let repaired = try MongoJobs.readWhole(id, in: session),
                        repaired.document["left"]?.int == 0
                    else { return nil }
                    found = repaired
                }
            }
            guard let due = found.document["due"]?.date, due <= found.now else { return nil }
            // The guard is all that was read: whoever else changed the job since then wins.
            let claimed = try MongoJobs.change(
                id,
                where: [
                    "state": .string(found.job.state.rawValue), "version": .int(found.job.version), "due": .date(due),
                    "owner": found.document["owner"] ?? .null,
                ],
                [
                    [
                        "$set": [
                            "state": .string(MongoPart.running(stage).rawValue),
                            "version": MongoPart.plus("version", 1), "owner": .literal(owner.description),
                            "due": ["$add": ["$$NOW", .int(Int(lease.milliseconds))]],
                            "startedAt": ["$ifNull": ["$startedAt", "$$NOW"]],
                            "stageClaims": MongoPart.plus("stageClaims", 1),
                        ]
                    ]
                ], in: session)
            guard let claimed else { return nil }
            if found.job.state == .queued { return claimed }
            return try MongoJobs.withOpenClaims(claimed, in: session)
        }
    }

    public func renew(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        try await database.run("renew") { session throws(PortError) in
            let until: BSONValue = ["$add": ["$$NOW", .int(Int(lease.milliseconds))]]
            if try Self.changeHeld(stage, of: id, owner, [["$set": ["due": until]]], in: session) { return .renewed }
            guard let job = try MongoJobs.read(id, in: session), !job.state.isTerminal else { return .ended }
            let isPast = stage == .prepare && (job.state == .transcribing || job.state == .merging)
            return isPast ? .ended : .lost
        }
    }

    public func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        var set: BSONDocument = [
            "version": MongoPart.plus("version", 1), "due": MongoPart.after(delay),
            "stageAttempts": MongoPart.plus("stageAttempts", chargeAttempt ? 1 : 0),
            "stageClaims": ["$max": [MongoPart.plus("stageClaims", -1), 0]],
        ]
        if let failure { set["failure"] = .literal(try MongoRecord.text(failure)) }
        let stages: [BSONValue] = [["$set": .document(set)], ["$unset": "owner"]]
        _ = try await database.run("release") { session throws(PortError) in
            try Self.changeHeld(stage, of: id, owner, stages, in: session)
        }
    }

    public func addChunks(
        _ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat
    ) async throws(PortError) -> Bool {
        let set: BSONValue = [
            "version": MongoPart.plus("version", 1), "format": .literal(try MongoRecord.text(format)),
            "stageClaims": 1, "length": MongoJobs.length(format),
        ]
        return try await database.run("addChunks") { session throws(PortError) in
            let held = MongoJobs.held(.prepare, by: owner)
            guard let job = try MongoJobs.change(id, where: held, [["$set": set]], in: session) else { return false }
            // Chunks that come after the job's end, because it ended just now, are found by `claimableWork`.
            try session.insertMissing(
                MongoChunks.collection, spans.map { MongoChunks.document(adding: $0, to: job) })
            return true
        }
    }

    public func finishPreparing(
        _ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat
    ) async throws(PortError) -> Job? {
        let set: BSONValue = [
            "state": .string(JobState.transcribing.rawValue), "version": MongoPart.plus("version", 1),
            "due": MongoPart.always, "chunkCount": .int(chunkCount), "format": .literal(try MongoRecord.text(format)),
            "stageAttempts": 0, "stageClaims": 0, "length": MongoJobs.length(format),
        ]
        return try await database.run("finishPreparing") { session throws(PortError) in
            // Only the owner adds chunks, so what is counted here holds at the change if the owner does.
            let group = try session.aggregate(
                MongoChunks.collection,
                [
                    ["$match": ["_id": MongoChunks.all(of: id)]],
                    ["$group": ["_id": .null, "count": ["$sum": 1], "last": ["$max": "$_id"]]],
                ]
            ).first
            let (count, last) = (group?["count"]?.int ?? 0, group?["last"]?.string)
            let held = MongoJobs.held(.prepare, by: owner)
            guard count == chunkCount, last == (count > 0 ? MongoChunks.id(count - 1, of: id) : nil) else {
                var filter = held
                filter["_id"] = .string(id.description)
                let isHeld = try !session.find(MongoJobs.collection, filter, fields: ["_id": 1], limit: 1).isEmpty
                guard isHeld else { return nil }
                throw .mongo(
                    .invalidArgument,
                    "job \(id) cannot go on with \(chunkCount) chunks: \(count) were added, the last is \(last ?? "none")"
                )
            }
            let stages: [BSONValue] = [["$set": set], MongoJobs.setLeft, ["$unset": ["owner", "failure"]]]
            var complete = held
            complete["receiving"] = ["$exists": false]
            guard let job = try MongoJobs.change(id, where: complete, stages, in: session) else {
                guard let job = try MongoJobs.read(id, in: session), job.lease?.owner == owner, !job.audio.isComplete
                else { return nil }
                throw .mongo(.invalidArgument, "the audio of job \(id) is not there yet")
            }
            return try MongoJobs.withOpenClaims(job, in: session)
        }
    }

    public func complete(
        _ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        var set: BSONDocument = [
            "result": .literal(try MongoRecord.text(result)), "stageAttempts": 0, "stageClaims": 0,
        ]
        if let language { set["language"] = .literal(language) }
        // All chunks are counted, so the list of them has done its duty.
        let stages = Self.end(.completed, expiresAt: expiresAt, setting: set, removing: ["failure", "counted"])
        return try await database.run("complete") { session throws(PortError) in
            try MongoJobs.change(id, where: MongoJobs.held(.merge, by: owner), stages, in: session)
        }
    }

    public func fail(
        _ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        let stages = Self.end(
            .failed, expiresAt: expiresAt, setting: ["failure": .literal(try MongoRecord.text(failure))])
        return try await database.run("fail") { session throws(PortError) in
            let held = MongoJobs.held(stage, by: owner)
            guard let job = try MongoJobs.change(id, where: held, stages, in: session) else { return nil }
            try MongoChunks.cancelOpen(of: id, in: session)
            return try MongoJobs.withOpenClaims(job, in: session)
        }
    }

    private static func changeHeld(
        _ stage: JobStage, of id: JobID, _ owner: OwnerToken, _ stages: [BSONValue], in session: MongoSession
    ) throws(PortError) -> Bool {
        var filter = MongoJobs.held(stage, by: owner)
        filter["_id"] = .string(id.description)
        return try session.updateOne(MongoJobs.collection, filter, .array(stages)) == 1
    }
}
