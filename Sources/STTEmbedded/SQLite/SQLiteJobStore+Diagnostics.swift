import GRDB
package import STTCore

extension SQLiteJobStore {
    /// How SQLite would run the queries that have to stay fast with many jobs, by name.
    package func queryPlans() async throws(PortError) -> [String: [String]] {
        var queries = [
            "prepare": Self.preparableSQL, "merge": Self.mergeableSQL, "chunk": Self.claimableChunksSQL,
            "collect": Self.collectableItemsSQL, "collectable": Self.collectableSQL, "expire": Self.expireSQL,
            "key": Self.jobByKeySQL, "chunks": Self.chunksSQL, "cancelChunks": Self.cancelChunksSQL,
            "unfinished": Self.unfinishedSQL, "unfinishedAudio": Self.unfinishedAudioSQL,
            "releaseStages": Self.releaseStagesSQL,
            "releaseChunks": Self.releaseChunksSQL,
        ]
        for byTenant in [false, true] {
            let suffix = byTenant ? "ByTenant" : ""
            queries["list" + suffix] = Self.listSQL(byTenant: byTenant, byState: false)
            queries["listState" + suffix] = Self.listSQL(byTenant: byTenant, byState: true)
            queries["countJobs" + suffix] = Self.countJobsSQL(byTenant: byTenant)
            queries["countChunks" + suffix] = Self.countChunksSQL(byTenant: byTenant)
            queries["oldestQueued" + suffix] = Self.oldestQueuedSQL(byTenant: byTenant)
        }
        let all = queries
        return try await read { db in
            try all.mapValues { sql in
                let statement = try db.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
                // The plan does not depend on the values.
                statement.setUncheckedArguments(StatementArguments())
                return try Row.fetchAll(statement).map { $0["detail"] }
            }
        }
    }

    /// Runs SQL on the writer's connection, for tests of conditions that calls cannot bring about.
    /// - Returns: The first value of the first row, where it is a number.
    @discardableResult
    package func run(sql: String) async throws(PortError) -> Int? {
        try await write { db in
            let row = try Row.fetchOne(db, sql: sql)
            return row.flatMap { Int.fromDatabaseValue($0.databaseValues.first ?? .null) }
        }
    }
}
