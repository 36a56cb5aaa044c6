public import STTCore

extension MongoJobStore {
    /// Two round trips: a look at chunk and job, and a change that is guarded by all that was seen.
    public func claimChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> ClaimedChunk? {
        let claims = database.claims
        return try await database.run("claimChunk") { session throws(PortError) in
            guard let found = try MongoChunks.read(index, of: id, in: session) else { return nil }
            var chunk = found.chunk
            guard chunk.state == .pending || chunk.state == .running else { return nil }
            guard let job = found.job, !found.jobHasEnded else {
                // The job's end was interrupted, or overtaken by chunks that were being added.
                if found.job == nil {
                    try MongoChunks.delete(of: [id], in: session)
                } else {
                    try MongoChunks.cancelOpen(of: id, in: session)
                }
                return nil
            }
            let due = chunk.lease?.until ?? chunk.notBefore ?? Timestamp(millisecondsSinceEpoch: 0)
            guard due <= found.now else { return nil }
            var guards: BSONDocument = [
                "_id": .string(MongoChunks.id(index, of: id)), "state": .string(chunk.state.rawValue),
                "claims": .int(chunk.claims), "releases": .int(chunk.releases), "attempts": .int(chunk.attempts),
                "due": .date(due),
            ]
            guards["owner"] = chunk.lease.map { .string($0.owner.description) } ?? .null

            // A claim that was lost is not charged: its attempt passes to the new one.
            chunk.attempts += chunk.state == .pending ? 1 : 0
            chunk.claims += 1
            chunk.state = .running
            chunk.notBefore = nil
            // The server's time of the look, so that what is returned is what is stored.
            let until = found.now + lease
            chunk.lease = Lease(owner: owner, until: until)
            let change: BSONValue = [
                "$set": [
                    "state": .string(chunk.state.rawValue), "attempts": .int(chunk.attempts),
                    "claims": .int(chunk.claims), "owner": .string(owner.description), "due": .date(until),
                ]
            ]
            guard try session.updateOne(MongoChunks.collection, guards, change) == 1 else { return nil }
            claims.remember(chunk, owner: owner)
            return ClaimedChunk(
                chunk: chunk, options: job.options, language: job.language, tenant: job.tenant, priority: job.priority)
        }
    }

    public func renewChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        try await database.run("renewChunk") { session throws(PortError) in
            let until: BSONValue = ["$add": ["$$NOW", .int(Int(lease.milliseconds))]]
            let held = MongoChunks.held(index, of: id, by: owner)
            if try session.updateOne(MongoChunks.collection, held, [["$set": ["due": until]]]) == 1 { return .renewed }
            guard let found = try MongoChunks.read(index, of: id, in: session), !found.jobHasEnded else {
                return .ended
            }
            switch found.chunk.state {
            case .pending, .running: return .lost
            case .done, .cancelled: return .ended
            }
        }
    }

    /// Two round trips: the chunk becomes `done`, then the job counts it. Where a worker ends in between,
    /// `claimableWork` counts it.
    public func commitChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult
    ) async throws(PortError) -> ChunkCommit {
        let claims = database.claims
        let json = try MongoRecord.json(result)
        let commit = try await database.run("commitChunk") { session throws(PortError) -> ChunkCommit in
            let facts = try Self.commitToChunk(index, of: id, owner, result, json: json, claims: claims, in: session)
            switch facts {
            case .refused(let outcome): return outcome
            case .done(let chunk): return try Self.commitToJob(chunk, of: id, owner, in: session)
            }
        }
        claims.forget(index, of: id, owner: owner)
        return commit
    }

    public func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        var set: BSONDocument = [
            "state": .string(Chunk.State.pending.rawValue), "due": MongoPart.after(delay),
            "attempts": MongoPart.plus("attempts", chargeAttempt ? 0 : -1), "releases": MongoPart.plus("releases", 1),
        ]
        if let failure { set["failure"] = .literal(try MongoRecord.text(failure)) }
        let stages: [BSONValue] = [["$set": .document(set)], ["$unset": "owner"]]
        _ = try await database.run("releaseChunk") { session throws(PortError) in
            try session.updateOne(
                MongoChunks.collection, MongoChunks.held(index, of: id, by: owner), .array(stages))
        }
        database.claims.forget(index, of: id, owner: owner)
    }

    /// A deleted job's chunks are removed with the mark, so this need not ask for the job.
    public func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        guard limit > 0 else { return [] }
        return try await database.run("chunks") { session throws(PortError) in
            let found = try session.find(
                MongoChunks.collection, ["_id": MongoChunks.all(of: id, from: index)], sort: ["_id": 1], limit: limit)
            return try found.map { document throws(PortError) in try MongoChunks.chunk(document) }
        }
    }

    // MARK: The two halves of a commit

    enum CommitToChunk {
        case done(MongoDoneChunk)
        case refused(ChunkCommit)
    }

    static func commitToChunk(
        _ index: Int, of id: JobID, _ owner: OwnerToken, _ result: ChunkResult, json: [UInt8],
        claims: MongoClaimCache, in session: MongoSession
    ) throws(PortError) -> CommitToChunk {
        func done(_ samples: Int, _ claims: Int) -> CommitToChunk {
            .done(
                MongoDoneChunk(
                    index: index, samples: samples, claims: claims, hasGaps: !result.gaps.isEmpty,
                    language: result.language))
        }
        var facts = claims.recall(index, of: id, owner: owner)
        if facts == nil, let found = try MongoChunks.read(index, of: id, in: session) {
            facts = (found.chunk.span.ownSamples, found.chunk.claims)
        }
        guard let facts else { return .refused(try refusal(of: id, in: session)) }
        var set: BSONDocument = [
            "state": .string(Chunk.State.done.rawValue), "due": MongoPart.always, "result": .binary(json),
            "committedBy": .string(owner.description), "hasGaps": .bool(!result.gaps.isEmpty),
        ]
        set["language"] = result.language.map { .string($0) }
        let change: BSONValue = ["$set": .document(set), "$unset": ["owner": "", "open": ""]]
        let held = MongoChunks.held(index, of: id, by: owner)
        if try session.updateOne(MongoChunks.collection, held, change) == 1 { return done(facts.samples, facts.claims) }

        // Perhaps this is a repetition, because the answer to the first attempt was lost.
        guard let found = try MongoChunks.read(index, of: id, withResult: true, in: session) else {
            return .refused(try refusal(of: id, in: session))
        }
        if found.chunk.state == .done, found.committedBy == owner.description, found.chunk.result == result {
            return done(found.chunk.span.ownSamples, found.chunk.claims)
        }
        return .refused(found.jobHasEnded ? .ended : .fenced)
    }

    static func commitToJob(
        _ chunk: MongoDoneChunk, of id: JobID, _ owner: OwnerToken, in session: MongoSession
    ) throws(PortError) -> ChunkCommit {
        if let job = try MongoJobs.count(chunk, of: id, in: session) { return .committed(job) }
        if let found = try MongoJobs.readWhole(id, in: session) {
            // The upkeep was quicker to count it.
            let counted = found.document["counted"]?.array ?? []
            if found.job.state == .completed || counted.contains(.int(chunk.index)) { return .committed(found.job) }
            guard found.job.state.isTerminal else {
                throw .mongo(.unavailable, "the commit of chunk \(chunk.index) of job \(id) was not counted: repeat it")
            }
        }
        _ = try session.updateOne(
            MongoChunks.collection,
            [
                "_id": .string(MongoChunks.id(chunk.index, of: id)), "state": .string(Chunk.State.done.rawValue),
                "committedBy": .string(owner.description),
            ],
            [
                "$set": ["state": .string(Chunk.State.cancelled.rawValue)],
                "$unset": ["result": "", "committedBy": "", "hasGaps": "", "language": ""],
            ])
        return .ended
    }

    /// Why a chunk that is not there cannot be committed.
    private static func refusal(of id: JobID, in session: MongoSession) throws(PortError) -> ChunkCommit {
        guard let job = try MongoJobs.read(id, in: session), !job.state.isTerminal else { return .ended }
        return .fenced
    }
}
