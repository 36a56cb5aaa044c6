import GRDB
public import STTCore
import Synchronization

extension SQLiteJobStore {
    public func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] {
        guard limit > 0 else { return [] }
        let clock = clock
        return try await read { db in
            let bounds: StatementArguments = ["now": clock.now.millisecondsSinceEpoch, "limit": limit]
            // Of one job, `prepare` comes first, then the chunks by index, then the rest.
            var items: [(rank: Int, item: WorkItem)] = []
            for (rank, kind, sql) in [
                (-1, WorkItem.Kind.prepare, Self.preparableSQL), (.max, .merge, Self.mergeableSQL),
            ] {
                items += try db.rows(sql, bounds) { row in
                    (
                        rank,
                        WorkItem(
                            kind, job: try SQLiteRecords.jobID(row[0]), tenant: Tenant(row[1]),
                            priority: try SQLiteRecords.state(row[2], "priority of a job"))
                    )
                }
            }
            items += try db.rows(Self.claimableChunksSQL, bounds) { row in
                let span = ChunkSpan(index: row[2], startSample: row[3], endSample: row[4])
                let item = WorkItem(
                    .chunk(span.index), job: try SQLiteRecords.jobID(row[0]), tenant: Tenant(row[1]),
                    priority: try SQLiteRecords.state(row[5], "priority of a chunk"),
                    audioMilliseconds: Int(span.duration.milliseconds))
                return (span.index, item)
            }
            items += try db.rows(Self.collectableItemsSQL, ["limit": limit]) { row in
                (.max, WorkItem(.collect, job: try SQLiteRecords.jobID(row[0]), tenant: Tenant(row[1])))
            }
            items.sort { ($0.item.job, $0.rank) < ($1.item.job, $1.rank) }
            return items.prefix(limit).map(\.item)
        }
    }

    public func releaseAllLeases() async throws(PortError) {
        try await write { db in
            try db.change(Self.releaseStagesSQL, [:])
            try db.change(Self.releaseChunksSQL, [:])
        }
    }

    public func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        try await write { db in
            guard let job = try Self.job(id, tenant: tenant, in: db) else { return .notFound }
            guard job.state.isTerminal else { return .notEnded(job) }
            guard let deleted = try db.jobs(Self.deleteSQL, ["id": id.description]).first else { return .notFound }
            return .deleted(deleted)
        }
    }

    public func markExpired(limit: Int) async throws(PortError) -> Int {
        guard limit > 0 else { return 0 }
        let clock = clock
        return try await write { db in
            try db.change(Self.expireSQL, ["now": clock.now.millisecondsSinceEpoch, "limit": limit])
        }
    }

    public func collectable(limit: Int) async throws(PortError) -> [Job] {
        guard limit > 0 else { return [] }
        return try await read { try $0.jobs(Self.collectableSQL, ["limit": limit]) }
    }

    public func purge(_ id: JobID) async throws(PortError) {
        try await write { db in
            guard try db.change(Self.purgeJobSQL, ["id": id.description]) == 1 else { return }
            try db.change(Self.purgeChunksSQL, ["id": id.description])
        }
    }

    public func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> {
        try await read { db in
            var found: Set<JobID> = []
            for id in ids where try !db.rows(Self.recordedSQL, ["id": id.description], { $0[0] as Int }).isEmpty {
                found.insert(id)
            }
            return found
        }
    }

    /// A single process has the data folder, and so every duty.
    public func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        leaders.withLock { leaders in
            let now = clock.now
            if let holder = leaders[duty], holder.owner != owner, holder.until > now { return false }
            leaders[duty] = Lease(owner: owner, until: now + lease)
            return true
        }
    }

    public func resign(_ duty: String, owner: OwnerToken) async throws(PortError) {
        leaders.withLock { leaders in
            if leaders[duty]?.owner == owner { leaders[duty] = nil }
        }
    }

    // MARK: SQL

    private static let recordedSQL = "SELECT 1 FROM jobs WHERE id = :id"

    private static let unleased = """
        (lease_until IS NULL OR lease_until <= :now) AND (not_before IS NULL OR not_before <= :now)
        """

    static let preparableSQL = """
        SELECT id, tenant, priority FROM jobs WHERE state IN ('queued', 'preparing') AND \(unleased)
        ORDER BY id LIMIT :limit
        """

    static let mergeableSQL = """
        SELECT id, tenant, priority FROM jobs
        WHERE state IN ('transcribing', 'merging') AND chunks_done = chunk_count AND \(unleased)
        ORDER BY id LIMIT :limit
        """

    static let claimableChunksSQL = """
        SELECT job, tenant, idx, start_sample, end_sample, priority FROM chunks
        WHERE state IN ('pending', 'running') AND \(unleased) ORDER BY job, idx LIMIT :limit
        """

    static let collectableItemsSQL = "SELECT id, tenant FROM jobs WHERE deleted = 1 ORDER BY id LIMIT :limit"

    static let collectableSQL = """
        SELECT \(SQLiteRecords.jobColumns) FROM jobs WHERE deleted = 1 ORDER BY id LIMIT :limit
        """

    static let releaseStagesSQL = """
        UPDATE jobs SET version = version + 1, lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL
        """

    static let releaseChunksSQL = """
        UPDATE chunks SET state = 'pending', attempts = attempts - 1, lease_owner = NULL, lease_until = NULL
        WHERE state IN ('pending', 'running') AND state = 'running'
        """

    private static let deleteSQL = """
        UPDATE jobs SET deleted = 1, version = version + 1
        WHERE id = :id AND deleted = 0 AND state IN ('completed', 'failed', 'cancelled')
        RETURNING \(SQLiteRecords.jobColumns)
        """

    static let expireSQL = """
        UPDATE jobs SET deleted = 1, version = version + 1
        WHERE id IN (
            SELECT id FROM jobs WHERE expires_at <= :now AND expires_at IS NOT NULL AND deleted = 0
            ORDER BY expires_at LIMIT :limit)
        """

    private static let purgeJobSQL = "DELETE FROM jobs WHERE id = :id AND deleted = 1"

    private static let purgeChunksSQL = "DELETE FROM chunks WHERE job = :id"
}
