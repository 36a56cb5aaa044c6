import Foundation
import Logging
import STTCore
import STTEmbedded
import STTMongo
import STTObjectStore
import STTRedis
import STTWorker

/// The ports on the adapters of one way to run, in a folder, a database and a bucket of their own.
struct Adapters: Sendable {
    let ports: WorkerPorts
    private let folder: String
    private let database: MongoDatabase?
    private let redis: RedisClient?

    init(_ parts: OrchestrationBenchmark.Parts, databaseConnections: Int) async throws {
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let name = "bench-\(UUID().uuidString.prefix(8).lowercased())"
        folder = FileManager.default.temporaryDirectory.appending(path: name).path
        let data = try DataFolder(path: folder)
        let files = try FileObjectStore(folder: data, concurrentOperations: 8)
        guard parts != .standalone else {
            ports = WorkerPorts(
                store: try SQLiteJobStore(folder: data), queue: InProcessWorkQueue(), events: InProcessEventBus(),
                objects: files)
            (database, redis) = (nil, nil)
            return
        }
        let mongo = try MongoDatabase(
            MongoConfiguration(
                url: try Self.variable("STT_TEST_MONGODB_URL"), database: name,
                maximumPoolSize: databaseConnections), logger: logger)
        try await mongo.prepare()
        var configuration = try RedisConfiguration(url: try Self.variable("STT_TEST_REDIS_URL"))
        configuration.keyPrefix = name
        let client = try RedisClient(configuration, logger: logger)
        var objects: any ObjectStore = files
        if parts == .cluster {
            let s3 = try S3ObjectStore(
                S3Configuration(
                    endpoint: try Self.variable("STT_TEST_S3_ENDPOINT"), bucket: name,
                    accessKey: try Self.variable("STT_TEST_S3_ACCESS_KEY"),
                    secretKey: try Self.variable("STT_TEST_S3_SECRET_KEY"), maximumConnections: 32), logger: logger)
            try await s3.makeBucket()
            objects = s3
        }
        ports = WorkerPorts(
            store: MongoJobStore(mongo), queue: RedisWorkQueue(client, consumer: name, logger: logger),
            events: RedisEventBus(client, logger: logger), objects: objects)
        (database, redis) = (mongo, client)
    }

    /// Commands sent to the database so far.
    var roundTrips: Int? { database?.roundTrips }

    /// The servers are private ones that end after the run; only the folder is left behind.
    func remove() async throws {
        await redis?.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    private static func variable(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw BenchmarkFailure("\(name) is not set: run it with scripts/with-services.sh")
        }
        return value
    }
}
