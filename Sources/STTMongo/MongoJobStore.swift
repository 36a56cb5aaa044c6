public import STTCore

/// Keeps jobs and chunks in MongoDB, for any number of processes at once.
///
/// Every change is one guarded update of one document, so no transactions are needed. A change of several documents is a
/// first one that decides, and others that may be repeated by whoever finds them missing: `claimableWork` looks for them.
/// Leases and delays are measured by the server's clock.
///
/// Four round trips take a chunk from its claim to its commit.
///
/// Concurrency: has no state of its own.
public struct MongoJobStore: JobStore {
    let database: MongoDatabase

    public init(_ database: MongoDatabase) {
        self.database = database
    }
}
