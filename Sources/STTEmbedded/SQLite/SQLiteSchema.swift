import GRDB
import STTCore

/// The tables and their history. A migration that was released is never edited; a change is a new one at the end.
///
/// Texts in JSON are the domain's own `Codable` forms. Times are milliseconds since 1970.
enum SQLiteSchema {
    static func update(_ database: DatabasePool, path: String) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 jobs and chunks") { try $0.execute(sql: jobsAndChunks) }
        migrator.registerMigration("2 priorities") { try $0.execute(sql: priorities) }
        // What is stored as JSON has values since that older versions cannot read: they are to refuse the database.
        migrator.registerMigration("3 speech options") { _ in }
        if try database.read(migrator.hasBeenSuperseded) {
            throw PortError(
                .invalidArgument, port: SQLiteJobStore.port,
                "\(path) was written by a newer version of stt-rpcd: run that version, or choose another data folder")
        }
        try migrator.migrate(database)
    }

    /// The partial indexes' conditions recur word for word in the queries, or SQLite could not use them. `deleted` is a column of
    /// some although it is constant there, or SQLite would read the rows for it.
    private static let jobsAndChunks = """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY NOT NULL,
            tenant TEXT NOT NULL,
            idempotency_key TEXT,
            options TEXT NOT NULL,
            audio TEXT NOT NULL,
            format TEXT,
            state TEXT NOT NULL,
            version INTEGER NOT NULL,
            chunk_count INTEGER,
            chunks_done INTEGER NOT NULL DEFAULT 0,
            chunks_with_gaps INTEGER NOT NULL DEFAULT 0,
            samples_done INTEGER NOT NULL DEFAULT 0,
            chunk_attempts INTEGER NOT NULL DEFAULT 0,
            language TEXT,
            result TEXT,
            failure TEXT,
            stage_attempts INTEGER NOT NULL DEFAULT 0,
            stage_claims INTEGER NOT NULL DEFAULT 0,
            not_before INTEGER,
            lease_owner TEXT,
            lease_until INTEGER,
            created_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            expires_at INTEGER,
            deleted INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX jobs_idempotency ON jobs(tenant, idempotency_key)
            WHERE idempotency_key IS NOT NULL AND deleted = 0;
        CREATE INDEX jobs_listing_tenant ON jobs(tenant, id) WHERE deleted = 0;
        CREATE INDEX jobs_listing_state ON jobs(state, id, deleted) WHERE deleted = 0;
        CREATE INDEX jobs_listing_tenant_state ON jobs(tenant, state, id, deleted) WHERE deleted = 0;
        CREATE INDEX jobs_queued ON jobs(tenant, created_at) WHERE state = 'queued';
        CREATE INDEX jobs_to_prepare ON jobs(id) WHERE state IN ('queued', 'preparing');
        CREATE INDEX jobs_to_merge ON jobs(id)
            WHERE state IN ('transcribing', 'merging') AND chunks_done = chunk_count;
        CREATE INDEX jobs_to_collect ON jobs(id) WHERE deleted = 1;
        CREATE INDEX jobs_leased ON jobs(id) WHERE lease_owner IS NOT NULL;
        CREATE INDEX jobs_expiring ON jobs(expires_at) WHERE expires_at IS NOT NULL AND deleted = 0;

        CREATE TABLE chunks (
            job TEXT NOT NULL,
            idx INTEGER NOT NULL,
            tenant TEXT NOT NULL,
            start_sample INTEGER NOT NULL,
            end_sample INTEGER NOT NULL,
            lead_in_samples INTEGER NOT NULL,
            ends_in_forced_cut INTEGER NOT NULL,
            checkpoint TEXT,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            claims INTEGER NOT NULL DEFAULT 0,
            releases INTEGER NOT NULL DEFAULT 0,
            not_before INTEGER,
            lease_owner TEXT,
            lease_until INTEGER,
            failure TEXT,
            result BLOB,
            PRIMARY KEY (job, idx)
        ) STRICT;
        CREATE INDEX chunks_open ON chunks(job, idx) WHERE state IN ('pending', 'running');
        CREATE INDEX chunks_backlog ON chunks(tenant, state, start_sample, end_sample, lead_in_samples)
            WHERE state IN ('pending', 'running');
        """

    private static let priorities = """
        ALTER TABLE jobs ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
        ALTER TABLE chunks ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal';
        """
}
