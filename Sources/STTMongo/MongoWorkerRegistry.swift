public import STTCore

/// The workers' reports in MongoDB.
public struct MongoWorkerRegistry: WorkerRegistry {
    let database: MongoDatabase

    public init(_ database: MongoDatabase) {
        self.database = database
    }

    public func report(_ report: WorkerReport, lifetime: Duration) async throws(PortError) {
        throw MongoDatabase.missing
    }
    public func remove(_ id: String) async throws(PortError) { throw MongoDatabase.missing }
    public func reports() async throws(PortError) -> [WorkerReport] { throw MongoDatabase.missing }
}
