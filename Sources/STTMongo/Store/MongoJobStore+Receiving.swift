public import STTCore

extension MongoJobStore {
    public func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job {
        guard !job.audio.isComplete else {
            throw .mongo(.invalidArgument, "the audio of job \(job.id) is complete: insert it")
        }
        var fresh = job
        fresh.idempotencyKey = nil
        var made = try MongoJobs.document(inserting: fresh)
        made["receiving"] = true
        made["state"] = .string(JobState.preparing.rawValue)
        made["owner"] = .string(owner.description)
        made["stageClaims"] = 1
        let base = made
        return try await database.run("insertReceiving") { session throws(PortError) in
            // An insertion cannot use the server's clock by itself; the lease is shorter by the way there.
            let now = try session.now()
            var document = base
            document["startedAt"] = .date(now)
            document["due"] = .date(now + lease)
            if try session.insertOne(MongoJobs.collection, document) { return try MongoJobs.job(document) }
            guard let same = try MongoJobs.read(job.id, in: session), same.tenant == job.tenant else {
                throw .mongo(.invalidArgument, "the job id \(job.id) was used before: make a new one")
            }
            return try MongoJobs.withOpenClaims(same, in: session)
        }
    }

    public func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt {
        var set: BSONDocument = [
            "audio": .literal(try MongoRecord.text(audio)), "audioBytes": .int(audio.byteCount),
            "version": MongoPart.plus("version", 1),
        ]
        if let idempotencyKey { set["key"] = .literal(idempotencyKey) }
        let stages: [BSONValue] = [["$set": .document(set)], ["$unset": "receiving"]]
        return try await database.run("finishReceiving") { session throws(PortError) in
            guard let job = try Self.job(id, tenant: nil, in: session) else { return .lost(nil) }
            if job.audio == audio { return .received(job) }
            guard job.state == .preparing, job.lease?.owner == owner, !job.audio.isComplete else { return .lost(job) }
            if let idempotencyKey,
                let holder = try Self.job(idempotencyKey: idempotencyKey, tenant: job.tenant, in: session)
            {
                return .keyTaken(holder)
            }
            var guards = MongoJobs.held(.prepare, by: owner)
            guards["receiving"] = true
            do throws(PortError) {
                if let received = try MongoJobs.change(id, where: guards, stages, in: session) {
                    return .received(try MongoJobs.withOpenClaims(received, in: session))
                }
            } catch {
                // The unique index refuses a key that another job got since.
                guard let idempotencyKey,
                    let holder = try Self.job(idempotencyKey: idempotencyKey, tenant: job.tenant, in: session)
                else { throw error }
                return .keyTaken(holder)
            }
            return .lost(try Self.job(id, tenant: nil, in: session))
        }
    }
}
