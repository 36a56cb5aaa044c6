public import STTCore

/// Jobs and chunks in MongoDB.
public struct MongoJobStore: JobStore {
    let database: MongoDatabase

    public init(_ database: MongoDatabase) {
        self.database = database
    }
}
