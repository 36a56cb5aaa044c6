import GRDB
public import STTCore

extension SQLiteJobStore {
    public func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job {
        guard !job.audio.isComplete else {
            throw PortError(.invalidArgument, port: Self.port, "the audio of job \(job.id) is complete: insert it")
        }
        let clock = clock
        return try await write { db in
            let now = clock.now
            let inserted = try db.jobs(
                Self.insertReceivingSQL,
                [
                    "id": job.id.description, "tenant": job.tenant.description,
                    "options": try SQLiteRecords.text(job.options), "audio": try SQLiteRecords.text(job.audio),
                    "language": job.language, "priority": job.priority.rawValue,
                    "created": job.createdAt.millisecondsSinceEpoch, "owner": owner.description,
                    "now": now.millisecondsSinceEpoch, "until": (now + lease).millisecondsSinceEpoch,
                ])
            if let inserted = inserted.first { return inserted }
            if let same = try Self.job(job.id, tenant: job.tenant, in: db) { return same }
            throw PortError(
                .invalidArgument, port: Self.port, "the job id \(job.id) was used before: make a new one")
        }
    }

    public func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt {
        try await write { db in
            guard let job = try Self.job(id, tenant: nil, in: db) else { return .lost(nil) }
            if job.audio == audio { return .received(job) }
            guard job.state == .preparing, job.lease?.owner == owner, !job.audio.isComplete else { return .lost(job) }
            if let idempotencyKey,
                let holder = try Self.job(idempotencyKey: idempotencyKey, tenant: job.tenant, in: db)
            {
                return .keyTaken(holder)
            }
            let received = try db.jobs(
                Self.finishReceivingSQL,
                ["id": id.description, "audio": try SQLiteRecords.text(audio), "key": idempotencyKey])
            return received.first.map { .received($0) } ?? .lost(job)
        }
    }

    // MARK: SQL

    private static let insertReceivingSQL = """
        INSERT INTO jobs (
            id, tenant, options, audio, state, version, language, priority, created_at, started_at, stage_claims,
            lease_owner, lease_until)
        VALUES (
            :id, :tenant, :options, :audio, 'preparing', 1, :language, :priority, :created, :now, 1, :owner, :until)
        ON CONFLICT DO NOTHING RETURNING \(SQLiteRecords.jobColumns)
        """

    private static let finishReceivingSQL = """
        UPDATE jobs SET audio = :audio, idempotency_key = :key, version = version + 1
        WHERE id = :id AND deleted = 0 RETURNING \(SQLiteRecords.jobColumns)
        """
}
