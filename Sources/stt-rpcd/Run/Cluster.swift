import Glibc
import Logging
import STTCore
import STTMongo
import STTObjectStore
import STTRedis

/// The services that `serve` and `work` share.
struct Cluster: Sendable {
    let database: MongoDatabase
    let store: MongoJobStore
    let registry: MongoWorkerRegistry
    let redis: RedisClient
    let queue: RedisWorkQueue
    let events: RedisEventBus
    let objects: S3ObjectStore

    /// Names this process among those of the cluster.
    let member: String

    /// Connects to nothing yet.
    /// - Throws: `SettingsError`; `StartFailure` where a client library cannot be set up.
    init(_ settings: Settings, role: String, logger: Logger) throws {
        let (mongo, redis, s3) = (try settings.mongo(), try settings.redis(), try settings.s3())
        member = "\(role)-\(Self.hostName)-\(getpid())-\(OwnerToken().description.suffix(8))"
        do throws(PortError) {
            database = try MongoDatabase(mongo, logger: logger)
            self.redis = try RedisClient(redis, logger: logger)
            objects = try S3ObjectStore(s3, logger: logger)
        } catch {
            if error.code == .invalidArgument { throw SettingsError(error.description) }
            throw StartFailure(message: error.description)
        }
        store = MongoJobStore(database)
        registry = MongoWorkerRegistry(database)
        queue = RedisWorkQueue(self.redis, consumer: member, logger: logger)
        events = RedisEventBus(self.redis, logger: logger)
    }

    /// Waits until all three answer, and makes what they need.
    /// - Throws: `StartFailure` with what did not answer in time.
    func start(_ settings: Settings, logger: Logger) async throws {
        let limit = settings.seconds(.startupSeconds)
        let (database, redis, objects) = (database, redis, objects)
        let makesBucket = settings.isOn(.s3CreateBucket)
        let waits = [
            DependencyWait("MongoDB") { () async throws(PortError) in try await database.prepare() },
            DependencyWait("Redis") { () async throws(PortError) in _ = try await redis.check() },
            DependencyWait("the object store") { () async throws(PortError) in
                if makesBucket { try await objects.makeBucket() }
                try await objects.check()
            },
        ]
        try await DependencyWait.run(waits, limit: limit, logger: logger)
    }

    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
