public import Logging
public import STTCore
import STTBlocking
import Synchronization

/// A MongoDB database, through a pool of connections.
///
/// Writes are acknowledged by a majority, reads see only what a majority has, and both go to the primary. Every call is
/// bounded by the configuration's timeout and runs on a thread of its own kind, never on Swift's.
///
/// Concurrency: the `Mutex` guards the pool, which is made by the first call; everything else is immutable or atomic.
public final class MongoDatabase: Sendable {
    let configuration: MongoConfiguration
    let logger: Logger
    /// What `commitChunk` needs to know of the chunks that were claimed through this database.
    let claims = MongoClaimCache()
    /// Up to which job the counters were compared with the chunks.
    let comparedUpTo = Mutex<JobID?>(nil)
    private let uri: MongoURI
    private let counter = MongoCommandCounter()
    private let threads: BlockingPool
    private let pool = Mutex<MongoClientPool?>(nil)

    /// Does no I/O.
    /// - Throws: `invalidArgument` where the connection string or a size cannot be. The message has no credentials.
    public init(_ configuration: MongoConfiguration, logger: Logger) throws(PortError) {
        self.configuration = configuration
        self.logger = logger
        uri = try MongoURI(configuration)
        threads = BlockingPool(label: "stt.mongo", width: configuration.maximumPoolSize)
    }

    /// Makes collections and indexes, or brings them up to date, and opens the connections that are kept open. May be
    /// called by many processes at once, and again.
    /// - Throws: `invalidArgument` where a newer version of the program has changed the schema.
    public func prepare() async throws(PortError) {
        try await run("prepare") { session throws(PortError) in try MongoSchema.update(session) }
        let count = configuration.minimumPoolSize
        try await runOnPool("connect") { pool throws(PortError) in try pool.warm(count) }
    }

    /// Asks the server what it is and what time it has.
    public func check() async throws(PortError) -> MongoServerState {
        try await run("check") { session throws(PortError) in
            let version = try session.ask(["buildInfo": 1])["version"]?.string ?? "unknown"
            let (clock, ticks) = (SystemWallClock(), ContinuousClock())
            let (sentAt, start) = (clock.now, ticks.now)
            let hello = try session.ask(["hello": 1])
            let roundTrip = ticks.now - start
            guard let time = hello["localTime"]?.date else {
                throw .mongo(.unavailable, "the server does not tell its time: is it MongoDB?")
            }
            return MongoServerState(
                version: version,
                isReplicaSet: hello["setName"]?.string != nil || hello["msg"]?.string == "isdbgrid",
                clockOffset: time - (sentAt + roundTrip / 2), roundTrip: roundTrip)
        }
    }

    /// Commands sent so far.
    public var roundTrips: Int { counter.count.load(ordering: .relaxed) }

    /// Removes the database with all that is in it.
    package func drop() async throws(PortError) {
        try await run("drop") { session throws(PortError) in
            _ = try session.write(["dropDatabase": 1])
        }
    }

    // MARK: Calls

    /// Runs calls that block with one client, also where the task was cancelled.
    func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable (MongoSession) throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        try await runOnPool(name) { pool throws(PortError) in try pool.withClient(body) }
    }

    private func runOnPool<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable (MongoClientPool) throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        let clock = ContinuousClock()
        let start = clock.now
        let value: Result<Value, PortError> = await threads.run { () throws(Never) in
            Result { () throws(PortError) in
                guard clock.now - start <= self.configuration.timeout else {
                    throw .mongo(.unavailable, "MongoDB is too slow for the calls that wait: none was free in time")
                }
                return try body(try self.openPool())
            }
        }
        switch value {
        case .success(let value):
            logger.trace("mongo call", metadata: ["name": "\(name)", "duration": "\(clock.now - start)"])
            return value
        case .failure(let error):
            logger.debug(
                "mongo call failed",
                metadata: ["name": "\(name)", "duration": "\(clock.now - start)", "error": "\(error)"])
            throw error
        }
    }

    private func openPool() throws(PortError) -> MongoClientPool {
        try pool.withLock { pool throws(PortError) in
            if let pool { return pool }
            let made = try MongoClientPool(uri, database: configuration.database, counter: counter)
            pool = made
            return made
        }
    }
}

/// What the server said of itself.
public struct MongoServerState: Sendable {
    public var version: String
    /// A sharded cluster counts too. Without one, a write whose answer is lost is not tried again.
    public var isReplicaSet: Bool
    /// The server's clock minus this machine's.
    public var clockOffset: Duration
    public var roundTrip: Duration

    public init(version: String, isReplicaSet: Bool, clockOffset: Duration, roundTrip: Duration) {
        self.version = version
        self.isReplicaSet = isReplicaSet
        self.clockOffset = clockOffset
        self.roundTrip = roundTrip
    }
}
