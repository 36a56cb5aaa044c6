import GRDB
public import STTCore

extension SQLiteJobStore {
    public func claimChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> ClaimedChunk? {
        let clock = clock
        return try await write { db in
            let now = clock.now
            let chunks = try db.chunks(
                Self.claimChunkSQL,
                [
                    "id": id.description, "idx": index, "owner": owner.description, "now": now.millisecondsSinceEpoch,
                    "until": (now + lease).millisecondsSinceEpoch,
                ])
            // A chunk that is pending or running belongs to a job that has not ended: its end cancels them.
            guard let chunk = chunks.first,
                let job = try db.jobs(Self.countClaimSQL, ["id": id.description]).first
            else { return nil }
            return ClaimedChunk(
                chunk: chunk, options: job.options, language: job.language, tenant: job.tenant, priority: job.priority)
        }
    }

    public func renewChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        let clock = clock
        return try await write { db in
            let renewed = try db.change(
                Self.renewChunkSQL,
                [
                    "id": id.description, "idx": index, "owner": owner.description,
                    "until": (clock.now + lease).millisecondsSinceEpoch,
                ])
            if renewed == 1 { return .renewed }
            let states = try db.rows(Self.chunkStateSQL, ["id": id.description, "idx": index]) {
                try SQLiteRecords.state($0[0], "state of chunk \(index) of job \(id)") as Chunk.State
            }
            switch states.first {
            case .pending, .running: return .lost
            case .done, .cancelled, nil: return .ended
            }
        }
    }

    public func commitChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult
    ) async throws(PortError) -> ChunkCommit {
        try await write { db in
            let samples = try db.rows(
                Self.commitChunkSQL,
                [
                    "id": id.description, "idx": index, "owner": owner.description,
                    "result": try SQLiteRecords.encode(result),
                ]
            ) { $0[0] as Int }
            if let samples = samples.first {
                let jobs = try db.jobs(
                    Self.countCommitSQL,
                    [
                        "id": id.description, "samples": samples, "gaps": result.gaps.isEmpty ? 0 : 1,
                        "language": result.language,
                    ])
                guard let job = jobs.first else { throw PortError.unreadable("job \(id), whose chunk is there,") }
                return .committed(job)
            }
            guard let job = try Self.job(id, tenant: nil, in: db), !job.state.isTerminal else { return .ended }
            return .fenced
        }
    }

    public func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        let clock = clock
        _ = try await write { db in
            try db.change(
                Self.releaseChunkSQL,
                [
                    "id": id.description, "idx": index, "owner": owner.description,
                    "failure": try SQLiteRecords.text(failure), "notBefore": Self.notBefore(delay, clock),
                    "uncharge": chargeAttempt ? 0 : 1,
                ])
        }
    }

    public func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        guard limit > 0 else { return [] }
        return try await read { db in
            try db.chunks(Self.chunksSQL, ["id": id.description, "from": index, "limit": limit])
        }
    }

    // MARK: SQL

    private static let heldChunk = "job = :id AND idx = :idx AND state = 'running' AND lease_owner = :owner"

    /// A claim that was lost is not charged: its attempt passes to the new one.
    private static let claimChunkSQL = """
        UPDATE chunks SET attempts = attempts + (state = 'pending'), claims = claims + 1, state = 'running',
            lease_owner = :owner, lease_until = :until, not_before = NULL
        WHERE job = :id AND idx = :idx AND (state = 'pending' OR (state = 'running' AND lease_until <= :now))
            AND (not_before IS NULL OR not_before <= :now)
        RETURNING \(SQLiteRecords.chunkColumns)
        """

    private static let countClaimSQL = """
        UPDATE jobs SET chunk_attempts = chunk_attempts + 1 WHERE id = :id RETURNING \(SQLiteRecords.jobColumns)
        """

    private static let renewChunkSQL = "UPDATE chunks SET lease_until = :until WHERE \(heldChunk)"

    private static let chunkStateSQL = "SELECT state FROM chunks WHERE job = :id AND idx = :idx"

    private static let commitChunkSQL = """
        UPDATE chunks SET state = 'done', result = :result, lease_owner = NULL, lease_until = NULL
        WHERE \(heldChunk) RETURNING end_sample - start_sample - lead_in_samples
        """

    private static let countCommitSQL = """
        UPDATE jobs SET chunks_done = chunks_done + 1, chunks_with_gaps = chunks_with_gaps + :gaps,
            samples_done = samples_done + :samples, language = coalesce(language, :language)
        WHERE id = :id RETURNING \(SQLiteRecords.jobColumns)
        """

    private static let releaseChunkSQL = """
        UPDATE chunks SET state = 'pending', attempts = attempts - :uncharge, releases = releases + 1, lease_owner = NULL,
            lease_until = NULL, not_before = :notBefore, failure = coalesce(:failure, failure)
        WHERE \(heldChunk)
        """

    static let chunksSQL = """
        SELECT \(SQLiteRecords.chunkColumns) FROM chunks
        WHERE job = :id AND idx >= :from AND EXISTS (SELECT 1 FROM jobs WHERE id = :id AND deleted = 0)
        ORDER BY idx LIMIT :limit
        """
}
