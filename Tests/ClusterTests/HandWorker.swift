import Logging
import STTClient
import STTCore
import STTMongo
import STTRedis
import STTRig
import Testing

/// Does a worker's part in the test's own process, so that the moment of each commit is known exactly: real store, real
/// Redis, and a server that cannot tell the difference.
struct HandWorker: Sendable {
    let store: MongoJobStore
    let bus: RedisEventBus
    private let redis: RedisClient

    init(of cluster: Cluster) async throws {
        let logger = Logger(label: "rig") { _ in SwiftLogNoOpLogHandler() }
        let database = try MongoDatabase(
            MongoConfiguration(url: cluster.services.mongodb, database: cluster.database), logger: logger)
        store = MongoJobStore(database)
        var configuration = try RedisConfiguration(url: cluster.services.redis)
        configuration.keyPrefix = cluster.keyPrefix
        redis = try RedisClient(configuration, logger: logger)
        bus = RedisEventBus(redis, logger: logger)
    }

    /// Submits a recording through a server and cuts it into chunks of a second.
    func job(of chunks: Int, through client: SpeechClient) async throws -> JobID {
        let submission = try await client.submit(bytes: Clip.talk(chunks: 1))
        let id = try #require(JobID(submission.id))
        let owner = OwnerToken()
        let format = AudioFormat(name: "WAV/PCM_16", sampleRate: 16_000, channels: 1, sampleCount: chunks * 16_000)
        _ = try #require(try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(60)))
        let spans = (0..<chunks).map { ChunkSpan(index: $0, startSample: $0 * 16_000, endSample: ($0 + 1) * 16_000) }
        #expect(try await store.addChunks(spans, to: id, owner: owner, format: format))
        _ = try #require(
            try await store.finishPreparing(id, owner: owner, chunkCount: chunks, format: format))
        return id
    }

    /// Claims and commits a chunk, and tells of it.
    /// - Returns: The moment of the commit.
    func commit(_ index: Int, of job: JobID, publishes: Bool = true) async throws -> ContinuousClock.Instant {
        let owner = OwnerToken()
        let claim = try #require(
            try await store.claimChunk(index, of: job, owner: owner, lease: .seconds(60)))
        let segment = TranscriptSegment(
            startMilliseconds: index * 1000, endMilliseconds: (index + 1) * 1000, text: "The words of chunk \(index).",
            avgLogProbability: -0.2, noSpeechProbability: 0.01)
        let result = ChunkResult(segments: [segment], engine: "hand", engineMilliseconds: 1)
        guard case .committed = try await store.commitChunk(index, of: job, owner: owner, result: result) else {
            throw RigFailure(description: "chunk \(index) of \(job) could not be committed")
        }
        let moment = ContinuousClock.now
        if publishes {
            var done = claim.chunk
            done.state = .done
            done.lease = nil
            done.result = result
            try await bus.publish(.chunkDone(done))
        }
        return moment
    }

    func close() async { await redis.close() }
}
