import STTCore
import STTMongo
import STTObjectStore
import STTRedis
import STTService

/// What Health says of the services that a server needs.
struct ClusterHealth: Sendable {
    /// Health is asked by those who wait for its answer.
    private static let limit = Duration.seconds(3)

    private let cluster: Cluster
    private let workers: WorkerDirectory

    init(_ cluster: Cluster, workers: WorkerDirectory) {
        self.cluster = cluster
        self.workers = workers
    }

    func states() async -> [DependencyState] {
        async let mongo = mongo()
        async let redis = redis()
        async let objects = objects()
        async let workers = workerState()
        return await [mongo, redis, objects, workers]
    }

    private func workerState() async -> DependencyState {
        let workers = workers
        return await TimeLimit.run(Self.limit) { await workers.state() }
            ?? DependencyState(name: "workers", isWorking: false, message: "not known within \(Self.limit)")
    }

    private func mongo() async -> DependencyState {
        let database = cluster.database
        return await Self.state("MongoDB") { () async throws(PortError) in
            let state = try await database.check()
            return "\(state.version), \(Self.milliseconds(state.roundTrip))"
        }
    }

    /// Without Redis jobs are still taken in, and streams read the store, so it is never a reason not to serve.
    private func redis() async -> DependencyState {
        let client = cluster.redis
        var state = await Self.state("Redis") { () async throws(PortError) in
            let state = try await client.check()
            return "\(state.version), \(Self.milliseconds(state.roundTrip))"
        }
        if !state.isWorking {
            state.isWorking = true
            state.message = "degraded, partials come late and work waits in the store: \(state.message)"
        }
        return state
    }

    private func objects() async -> DependencyState {
        let objects = cluster.objects
        return await Self.state("object store") { () async throws(PortError) in
            // One cheap question; whether the bucket may be written to was asked at the start.
            if let key = ObjectKey("health") { _ = try await objects.size(of: key) }
            return "the bucket answers"
        }
    }

    private static func state(
        _ name: String, _ check: @escaping @Sendable () async throws(PortError) -> String
    ) async -> DependencyState {
        let state = await TimeLimit.run(limit) { () async -> DependencyState in
            do throws(PortError) {
                return DependencyState(name: name, isWorking: true, message: try await check())
            } catch {
                return DependencyState(name: name, isWorking: false, message: error.message)
            }
        }
        return state ?? DependencyState(name: name, isWorking: false, message: "no answer within \(limit)")
    }

    static func milliseconds(_ duration: Duration) -> String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        return "\((Double(microseconds) / 100).rounded() / 10) ms"
    }
}
