import GRDB
public import STTCore

extension SQLiteJobStore {
    public func claim(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> Job? {
        let clock = clock
        return try await write { db in
            let now = clock.now
            return try db.jobs(
                Self.claimSQL(stage),
                [
                    "id": id.description, "owner": owner.description, "now": now.millisecondsSinceEpoch,
                    "until": (now + lease).millisecondsSinceEpoch,
                ]
            ).first
        }
    }

    public func renew(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        let clock = clock
        return try await write { db in
            let renewed = try db.change(
                Self.renewSQL(stage),
                [
                    "id": id.description, "owner": owner.description,
                    "until": (clock.now + lease).millisecondsSinceEpoch,
                ])
            if renewed == 1 { return .renewed }
            guard let job = try Self.job(id, tenant: nil, in: db), !job.state.isTerminal else { return .ended }
            let isPast = stage == .prepare && (job.state == .transcribing || job.state == .merging)
            return isPast ? .ended : .lost
        }
    }

    public func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        let clock = clock
        _ = try await write { db in
            try db.change(
                Self.releaseSQL(stage),
                [
                    "id": id.description, "owner": owner.description, "failure": try SQLiteRecords.text(failure),
                    "notBefore": Self.notBefore(delay, clock), "charge": chargeAttempt ? 1 : 0,
                ])
        }
    }

    public func addChunks(
        _ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat
    ) async throws(PortError) -> Bool {
        try await write { db in
            let jobs = try db.jobs(
                Self.formatSQL,
                ["id": id.description, "owner": owner.description, "format": try SQLiteRecords.text(format)])
            guard let job = jobs.first else { return false }
            for span in spans {
                try db.change(
                    Self.addChunkSQL,
                    [
                        "job": id.description, "idx": span.index, "tenant": job.tenant.description,
                        "start": span.startSample, "end": span.endSample, "leadIn": span.leadInSamples,
                        "forced": span.endsInForcedCut ? 1 : 0, "checkpoint": span.checkpoint,
                        "priority": job.priority.rawValue,
                    ])
            }
            return true
        }
    }

    public func finishPreparing(
        _ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat
    ) async throws(PortError) -> Job? {
        try await write { db in
            let jobs = try db.jobs(
                Self.finishPreparingSQL,
                [
                    "id": id.description, "owner": owner.description, "count": chunkCount,
                    "format": try SQLiteRecords.text(format),
                ])
            guard let job = jobs.first else { return nil }
            guard job.audio.isComplete else {
                throw PortError(.invalidArgument, port: Self.port, "the audio of job \(id) is not there yet")
            }
            let range = try db.rows(Self.chunkRangeSQL, ["id": id.description]) { ($0[0] as Int, $0[1] as Int?) }
            let (count, last) = range.first ?? (0, nil)
            guard count == chunkCount, (last ?? -1) == chunkCount - 1 else {
                // Thrown inside the transaction, so that nothing was changed.
                throw PortError(
                    .invalidArgument, port: Self.port,
                    "job \(id) cannot go on with \(chunkCount) chunks: \(count) were added, the last with index \(last ?? -1)"
                )
            }
            return job
        }
    }

    public func complete(
        _ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        let clock = clock
        return try await write { db in
            try db.jobs(
                Self.completeSQL,
                [
                    "id": id.description, "owner": owner.description, "result": try SQLiteRecords.text(result),
                    "language": language, "now": clock.now.millisecondsSinceEpoch,
                    "expires": expiresAt.millisecondsSinceEpoch,
                ]
            ).first
        }
    }

    public func fail(
        _ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        let clock = clock
        return try await write { db in
            let jobs = try db.jobs(
                Self.failSQL(stage),
                [
                    "id": id.description, "owner": owner.description, "failure": try SQLiteRecords.text(failure),
                    "now": clock.now.millisecondsSinceEpoch, "expires": expiresAt.millisecondsSinceEpoch,
                ])
            guard let job = jobs.first else { return nil }
            try Self.cancelOpenChunks(of: id, in: db)
            return job
        }
    }

    static func notBefore(_ delay: Duration, _ clock: any WallClock) -> Int64? {
        delay > .zero ? (clock.now + delay).millisecondsSinceEpoch : nil
    }

    // MARK: SQL

    private static func running(_ stage: JobStage) -> String {
        switch stage {
        case .prepare: "'preparing'"
        case .merge: "'merging'"
        }
    }

    /// The job whose stage this owner holds, be the lease run out or not. Such a job has not ended and is not deleted.
    private static func held(_ stage: JobStage) -> String {
        "id = :id AND state = \(running(stage)) AND lease_owner = :owner"
    }

    private static func claimSQL(_ stage: JobStage) -> String {
        let startable =
            switch stage {
            case .prepare: "state IN ('queued', 'preparing')"
            case .merge: "state IN ('transcribing', 'merging') AND chunks_done = chunk_count"
            }
        return """
            UPDATE jobs SET state = \(running(stage)), version = version + 1, lease_owner = :owner,
                lease_until = :until, not_before = NULL, started_at = coalesce(started_at, :now),
                stage_claims = stage_claims + 1
            WHERE id = :id AND \(startable) AND (lease_until IS NULL OR lease_until <= :now)
                AND (not_before IS NULL OR not_before <= :now)
            RETURNING \(SQLiteRecords.jobColumns)
            """
    }

    private static func renewSQL(_ stage: JobStage) -> String {
        "UPDATE jobs SET lease_until = :until WHERE \(held(stage))"
    }

    private static func releaseSQL(_ stage: JobStage) -> String {
        """
        UPDATE jobs SET version = version + 1, lease_owner = NULL, lease_until = NULL, not_before = :notBefore,
            failure = coalesce(:failure, failure), stage_attempts = stage_attempts + :charge,
            stage_claims = max(stage_claims - 1, 0)
        WHERE \(held(stage))
        """
    }

    private static let formatSQL = """
        UPDATE jobs SET version = version + 1, format = :format, stage_claims = 1 WHERE \(held(.prepare))
        RETURNING \(SQLiteRecords.jobColumns)
        """

    private static let addChunkSQL = """
        INSERT INTO chunks (job, idx, tenant, start_sample, end_sample, lead_in_samples, ends_in_forced_cut,
            checkpoint, state, priority)
        VALUES (:job, :idx, :tenant, :start, :end, :leadIn, :forced, :checkpoint, 'pending', :priority)
        ON CONFLICT DO NOTHING
        """

    private static let finishPreparingSQL = """
        UPDATE jobs SET state = 'transcribing', version = version + 1, lease_owner = NULL, lease_until = NULL,
            chunk_count = :count, format = :format, failure = NULL, stage_attempts = 0, stage_claims = 0
        WHERE \(held(.prepare)) RETURNING \(SQLiteRecords.jobColumns)
        """

    private static let chunkRangeSQL = "SELECT count(*), max(idx) FROM chunks WHERE job = :id"

    private static let completeSQL = """
        UPDATE jobs SET state = 'completed', version = version + 1, lease_owner = NULL, lease_until = NULL,
            failure = NULL, stage_attempts = 0, stage_claims = 0, result = :result, language = coalesce(:language, language),
            finished_at = :now, expires_at = :expires
        WHERE \(held(.merge)) RETURNING \(SQLiteRecords.jobColumns)
        """

    private static func failSQL(_ stage: JobStage) -> String {
        """
        UPDATE jobs SET state = 'failed', version = version + 1, lease_owner = NULL, lease_until = NULL,
            failure = :failure, finished_at = :now, expires_at = :expires
        WHERE \(held(stage)) RETURNING \(SQLiteRecords.jobColumns)
        """
    }
}
