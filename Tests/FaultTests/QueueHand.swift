import Logging
import STTCore
import STTRedis
import STTRig

/// Puts entries into a cluster's queue as its own processes do.
struct QueueHand: Sendable {
    private let redis: RedisClient
    private let queue: RedisWorkQueue

    init(of cluster: Cluster) throws {
        var configuration = try RedisConfiguration(url: cluster.services.redis)
        configuration.keyPrefix = cluster.keyPrefix
        let logger = Logger(label: "rig") { _ in SwiftLogNoOpLogHandler() }
        redis = try RedisClient(configuration, logger: logger)
        queue = RedisWorkQueue(redis, consumer: "rig", logger: logger)
    }

    /// Every kind of entry that these jobs can have.
    func enqueueEverything(of jobs: [String], chunks: Int) async throws {
        let kinds: [WorkItem.Kind] = [.prepare, .merge] + (0..<chunks).map { .chunk($0) }
        let items = jobs.compactMap { JobID($0) }.flatMap { job in
            kinds.map { WorkItem($0, job: job, tenant: .default) }
        }
        guard items.count == jobs.count * kinds.count else { throw RigFailure(description: "no job ids: \(jobs)") }
        try await queue.enqueue(items)
    }

    /// Returns when nothing waits in the queue.
    func drain() async throws {
        try await waitUntil("the queue is empty") { try await queue.depth == 0 }
    }

    func close() async { await redis.close() }
}
