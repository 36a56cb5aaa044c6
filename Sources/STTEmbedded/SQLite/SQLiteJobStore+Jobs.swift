import GRDB
public import STTCore

extension SQLiteJobStore {
    public func insert(_ job: Job) async throws(PortError) -> JobInsertion {
        var fresh = Job(
            id: job.id, tenant: job.tenant, idempotencyKey: job.idempotencyKey, options: job.options,
            priority: job.priority, audio: job.audio, createdAt: job.createdAt)
        fresh.format = job.format
        fresh.language = job.language
        let inserted = fresh
        return try await write { db in
            let changed = try db.change(
                Self.insertSQL,
                [
                    "id": inserted.id.description, "tenant": inserted.tenant.description,
                    "key": inserted.idempotencyKey, "options": try SQLiteRecords.text(inserted.options),
                    "audio": try SQLiteRecords.text(inserted.audio), "format": try SQLiteRecords.text(inserted.format),
                    "language": inserted.language, "priority": inserted.priority.rawValue,
                    "created": inserted.createdAt.millisecondsSinceEpoch,
                ])
            if changed == 1 { return .inserted(inserted) }
            if let key = inserted.idempotencyKey,
                let first = try Self.job(idempotencyKey: key, tenant: inserted.tenant, in: db)
            {
                return .existing(first)
            }
            if let same = try Self.job(inserted.id, tenant: inserted.tenant, in: db) { return .existing(same) }
            throw PortError(
                .invalidArgument, port: Self.port, "the job id \(inserted.id) was used before: make a new one")
        }
    }

    public func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? {
        try await read { try Self.job(id, tenant: tenant, in: $0) }
    }

    public func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        try await read { try Self.job(idempotencyKey: idempotencyKey, tenant: tenant, in: $0) }
    }

    public func jobs(_ query: JobQuery) async throws(PortError) -> [Job] {
        guard query.limit > 0 else { return [] }
        return try await read { db in
            let sql = Self.listSQL(byTenant: query.tenant != nil, byState: !query.states.isEmpty)
            var arguments: StatementArguments = ["before": query.before?.description ?? "~", "limit": query.limit]
            if let tenant = query.tenant { arguments += ["tenant": tenant.description] }
            guard !query.states.isEmpty else { return try db.jobs(sql, arguments) }
            // One index range for each state, so that rare states are found without reading the frequent ones.
            var found: [Job] = []
            for state in query.states {
                found += try db.jobs(sql, arguments + ["state": state.rawValue])
            }
            found.sort { $0.id > $1.id }
            return Array(found.prefix(query.limit))
        }
    }

    public func counts(tenant: Tenant?) async throws(PortError) -> JobCounts {
        try await read { db in
            var counts = JobCounts()
            let arguments: StatementArguments = tenant.map { ["tenant": $0.description] } ?? [:]
            let byState = try db.rows(Self.countJobsSQL(byTenant: tenant != nil), arguments) { row in
                (try SQLiteRecords.state(row[0], "state of a job") as JobState, row[1] as Int)
            }
            for (state, count) in byState { counts.jobs[state] = count }
            let backlog = try db.rows(Self.countChunksSQL(byTenant: tenant != nil), arguments) { row in
                (try SQLiteRecords.state(row[0], "state of a chunk") as Chunk.State, row[1] as Int, row[2] as Int)
            }
            for (state, count, samples) in backlog {
                if state == .pending {
                    (counts.chunksPending, counts.pendingSamples) = (count, samples)
                } else {
                    counts.chunksRunning = count
                }
            }
            let oldest = try db.rows(Self.oldestQueuedSQL(byTenant: tenant != nil), arguments) { $0[0] as Int64? }
            counts.oldestQueuedAt = oldest.first?.map { Timestamp(millisecondsSinceEpoch: $0) }
            return counts
        }
    }

    public func unfinishedJobs(limit: Int) async throws(PortError) -> Int {
        guard limit > 0 else { return 0 }
        return try await read { db in
            try db.rows(Self.unfinishedSQL, ["limit": limit]) { _ in () }.count
        }
    }

    public func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio {
        try await read { db in
            let rows = try db.rows(Self.unfinishedAudioSQL, ["tenant": tenant.description]) { row in
                UnfinishedAudio(samples: row[0], undecodedBytes: row[1])
            }
            return rows.first ?? UnfinishedAudio()
        }
    }

    public func cancel(
        _ id: JobID, tenant: Tenant?, expiresAt: Timestamp
    ) async throws(PortError) -> JobCancellation {
        let clock = clock
        return try await write { db in
            guard let job = try Self.job(id, tenant: tenant, in: db) else { return .notFound }
            guard !job.state.isTerminal else { return .alreadyEnded(job) }
            let cancelled = try db.jobs(
                Self.cancelSQL,
                [
                    "id": id.description, "now": clock.now.millisecondsSinceEpoch,
                    "expires": expiresAt.millisecondsSinceEpoch,
                ])
            guard let job = cancelled.first else { return .notFound }
            try Self.cancelOpenChunks(of: id, in: db)
            return .cancelled(job)
        }
    }

    // MARK: Inside transactions

    static func job(_ id: JobID, tenant: Tenant?, in db: Database) throws -> Job? {
        guard let job = try db.jobs(jobSQL, ["id": id.description]).first else { return nil }
        if let tenant, job.tenant != tenant { return nil }
        return job
    }

    static func job(idempotencyKey: String, tenant: Tenant, in db: Database) throws -> Job? {
        try db.jobs(jobByKeySQL, ["tenant": tenant.description, "key": idempotencyKey]).first
    }

    static func cancelOpenChunks(of id: JobID, in db: Database) throws {
        try db.change(cancelChunksSQL, ["id": id.description])
    }

    // MARK: SQL

    private static let insertSQL = """
        INSERT INTO jobs (
            id, tenant, idempotency_key, options, audio, format, state, version, language, priority, created_at)
        VALUES (:id, :tenant, :key, :options, :audio, :format, 'queued', 1, :language, :priority, :created)
        ON CONFLICT DO NOTHING
        """

    private static let jobSQL = "SELECT \(SQLiteRecords.jobColumns) FROM jobs WHERE id = :id AND deleted = 0"

    static let jobByKeySQL = """
        SELECT \(SQLiteRecords.jobColumns) FROM jobs
        WHERE tenant = :tenant AND idempotency_key = :key AND idempotency_key IS NOT NULL AND deleted = 0
        """

    static let unfinishedSQL = """
        SELECT 1 FROM jobs WHERE state IN ('queued', 'preparing', 'transcribing', 'merging') AND deleted = 0
        LIMIT :limit
        """

    static let unfinishedAudioSQL = """
        SELECT coalesce(sum(samples), 0), coalesce(sum(iif(samples IS NULL, bytes, 0)), 0) FROM (
            SELECT json_extract(format, '$.sampleCount') AS samples, json_extract(audio, '$.byteCount') AS bytes
            FROM jobs
            WHERE tenant = :tenant AND state IN ('queued', 'preparing', 'transcribing', 'merging') AND deleted = 0
                AND json_extract(audio, '$.isReceiving') IS NULL)
        """

    static func listSQL(byTenant: Bool, byState: Bool) -> String {
        """
        SELECT \(SQLiteRecords.jobColumns) FROM jobs
        WHERE \(byTenant ? "tenant = :tenant AND " : "")\(byState ? "state = :state AND " : "")id < :before AND deleted = 0
        ORDER BY id DESC LIMIT :limit
        """
    }

    static func countJobsSQL(byTenant: Bool) -> String {
        "SELECT state, count(*) FROM jobs WHERE \(byTenant ? "tenant = :tenant AND " : "")deleted = 0 GROUP BY state"
    }

    static func countChunksSQL(byTenant: Bool) -> String {
        """
        SELECT state, count(*), sum(end_sample - start_sample - lead_in_samples) FROM chunks
        WHERE \(byTenant ? "tenant = :tenant AND " : "")state IN ('pending', 'running') GROUP BY state
        """
    }

    static func oldestQueuedSQL(byTenant: Bool) -> String {
        "SELECT min(created_at) FROM jobs WHERE \(byTenant ? "tenant = :tenant AND " : "")state = 'queued'"
    }

    private static let cancelSQL = """
        UPDATE jobs SET state = 'cancelled', version = version + 1, lease_owner = NULL, lease_until = NULL,
            not_before = NULL, finished_at = :now, expires_at = :expires
        WHERE id = :id AND deleted = 0 AND state IN ('queued', 'preparing', 'transcribing', 'merging')
        RETURNING \(SQLiteRecords.jobColumns)
        """

    static let cancelChunksSQL = """
        UPDATE chunks SET state = 'cancelled', lease_owner = NULL, lease_until = NULL, not_before = NULL
        WHERE job = :id AND state IN ('pending', 'running')
        """
}
