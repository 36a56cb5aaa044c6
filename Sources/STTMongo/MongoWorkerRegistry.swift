public import STTCore

/// Keeps the reports of workers in MongoDB, measured by its clock. The server forgets them by itself.
public struct MongoWorkerRegistry: WorkerRegistry {
    private let database: MongoDatabase

    public init(_ database: MongoDatabase) {
        self.database = database
    }

    public func report(_ report: WorkerReport, lifetime: Duration) async throws(PortError) {
        let stage: BSONValue = [
            "$set": [
                "report": .literal(try MongoRecord.text(report)),
                "until": ["$add": ["$$NOW", .int(Int(lifetime.milliseconds))]],
            ]
        ]
        _ = try await database.run("report") { session throws(PortError) in
            try session.updateOne(
                MongoCollection.workers, ["_id": .string(report.id)], .array([stage]), upsert: true)
        }
    }

    public func remove(_ id: String) async throws(PortError) {
        try await database.run("removeWorker") { session throws(PortError) in
            try session.deleteOne(MongoCollection.workers, ["_id": .string(id)])
        }
    }

    public func reports() async throws(PortError) -> [WorkerReport] {
        try await database.run("reports") { session throws(PortError) in
            var reports: [WorkerReport] = []
            for document in try session.aggregate(MongoCollection.workers, [["$set": ["now": "$$NOW"]]]) {
                let record = MongoRecord(document: document, collection: MongoCollection.workers)
                // The server removes them up to a minute late.
                guard try record.date("until") > (try record.date("now")) else { continue }
                reports.append(try record.json("report"))
            }
            return reports
        }
    }
}
