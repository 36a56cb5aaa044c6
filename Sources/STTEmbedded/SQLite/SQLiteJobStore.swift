import GRDB
public import STTCore
import Synchronization

/// Keeps jobs and chunks in an SQLite database in write-ahead-log mode.
///
/// Every change is one transaction that is on the device when the call returns: what was acknowledged survives the end of
/// the process, and of the machine's power. A commit costs one flush of the log (`synchronous = FULL`): some tenths of a
/// millisecond on a solid-state disk, ten on a turning one, against seconds of engine time for each chunk. With `NORMAL`
/// only the process's end would be survived.
///
/// A call is carried out also where its task was cancelled, so that a worker can give back what it holds at shutdown.
///
/// Concurrency: GRDB serialises writers on a queue of its own and gives each of up to four readers a snapshot; no call
/// blocks a thread of Swift's pool. Everything else is immutable.
public final class SQLiteJobStore: JobStore {
    static let port = "job store"

    let clock: any WallClock
    /// Who has which duty, by name.
    let leaders = Mutex<[String: Lease]>([:])
    private let database: DatabasePool
    private let path: String
    /// Keeps the lock.
    private let folder: DataFolder

    /// Opens the database in the data folder, makes it where it is missing, and brings its schema up to date.
    ///
    /// Blocks while it does so.
    /// - Parameter clock: Measures leases and delays.
    /// - Throws: `invalidArgument` where a newer version of the program has changed the schema, `corrupt` where the file
    ///   is no database or a damaged one, `storageFull`, `unavailable`.
    public init(folder: DataFolder, clock: any WallClock = SystemWallClock()) throws(PortError) {
        self.folder = folder
        self.clock = clock
        path = folder.databasePath
        do {
            database = try Self.open(path: path)
        } catch {
            throw PortError(error, databasePath: folder.databasePath)
        }
    }

    private static func open(path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "stt.jobs"
        configuration.maximumReaderCount = 4
        // Nobody else opens the file while the folder is locked, but a person with a shell may.
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { db in
            // GRDB sets NORMAL when it turns the write-ahead log on.
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")
        }
        try SQLiteSchema.update(pool, path: path)
        return pool
    }

    /// Runs one transaction.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(PortError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            database.asyncWrite(body) { _, result in continuation.resume(returning: result) }
        }
        return try unwrap(result)
    }

    /// Reads from one snapshot, which holds everything written before the call.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(PortError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            database.asyncRead { opened in
                continuation.resume(returning: Result { try body(opened.get()) })
            }
        }
        return try unwrap(result)
    }

    private func unwrap<Value>(_ result: Result<Value, any Error>) throws(PortError) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw PortError(error, databasePath: path)
        }
    }
}
