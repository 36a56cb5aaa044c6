import STTCore

/// Names of collections.
enum MongoCollection {
    static let jobs = "jobs"
    static let chunks = "chunks"
    static let leases = "leases"
    static let workers = "workers"
    static let meta = "meta"
}

/// Collections, indexes, and their version.
///
/// Making an index that is there does nothing, so processes need not agree on who does it. A change of what documents
/// look like raises the version: an older program then refuses to start.
enum MongoSchema {
    /// 2: options and chunk results of a speech that is cut by a model, by channel, and guarded.
    static let version = 2

    static func update(_ session: MongoSession) throws(PortError) {
        let filter: BSONDocument = ["_id": "schema"]
        if let found = try session.find(MongoCollection.meta, filter).first {
            guard let stored = found["version"]?.int else {
                throw .unreadable("version", in: MongoCollection.meta, id: "schema")
            }
            guard stored <= version else {
                throw .mongo(
                    .invalidArgument,
                    "the MongoDB database was written by a newer version of stt-rpcd (schema \(stored), known here: \(version)): run that version, or choose another database"
                )
            }
        }
        for (collection, indexes) in [
            (MongoCollection.jobs, jobIndexes), (MongoCollection.chunks, chunkIndexes),
            (MongoCollection.workers, workerIndexes),
        ] {
            try session.write(["createIndexes": .string(collection), "indexes": .array(indexes)])
        }
        // Never lowered, whoever comes last.
        let raise: BSONValue = ["$max": ["version": .int(version)]]
        do {
            _ = try session.updateOne(MongoCollection.meta, filter, raise, upsert: true)
        } catch  where error.code == .invalidArgument {
            // Another process inserted it at the same moment.
            _ = try session.updateOne(MongoCollection.meta, filter, raise)
        }
    }

    /// Conditions are such that all versions of MongoDB since 4.2 take them for partial indexes.
    private static let jobIndexes: [BSONValue] = [
        index("key", ["tenant": 1, "key": 1], where: ["key": ["$exists": true], "deleted": false], unique: true),
        index("state", ["state": 1, "_id": -1]),
        index("tenant", ["tenant": 1, "_id": -1]),
        index("tenantState", ["tenant": 1, "state": 1, "_id": -1]),
        index("counts", ["deleted": 1, "tenant": 1, "state": 1, "createdAt": 1]),
        index("mergeable", ["left": 1, "_id": 1], where: ["left": ["$exists": true]]),
        index("collectable", ["deleted": 1, "_id": 1], where: ["deleted": true]),
        index("expiring", ["expiresAt": 1], where: ["expiresAt": ["$exists": true], "deleted": false]),
    ]

    /// `open` is there while a chunk is pending or running.
    private static let chunkIndexes: [BSONValue] = [
        index("job", ["job": 1, "state": 1, "claims": 1]),
        index("claimable", ["open": 1, "job": 1, "index": 1, "due": 1], where: ["open": true]),
        index("backlog", ["open": 1, "tenant": 1, "state": 1, "samples": 1], where: ["open": true]),
    ]

    private static let workerIndexes: [BSONValue] = [
        ["name": "expiring", "key": ["until": 1], "expireAfterSeconds": 0]
    ]

    private static func index(
        _ name: BSONValue, _ key: BSONValue, where condition: BSONValue? = nil, unique: Bool = false
    ) -> BSONValue {
        var index: BSONDocument = ["name": name, "key": key]
        if let condition { index["partialFilterExpression"] = condition }
        if unique { index["unique"] = true }
        return .document(index)
    }
}
