import Logging
import RPCServer
import RPCTransport
import RPCWire
import STTCore
import STTProto

extension SpeechService {
    /// Gives the encoded reply, which all who ask at the same time share: to make it takes the store, and the sums over
    /// all calls, which would hold up an event loop if each of many calls took them.
    func queueStats(_ request: QueueStatsRequest, _ call: CallContext) async throws -> SharedBytes {
        try await queueStats.value(of: tenant(of: call)).get()
    }

    func health(_ request: HealthRequest, _ call: CallContext) async throws -> HealthReply {
        let states = await dependencies.value(of: tenant(of: call))
        return HealthReply(
            serving: states.allSatisfy(\.isWorking), version: context.version,
            uptimeMilliseconds: Int((ContinuousClock.now - startedAt).milliseconds),
            dependencies: states.map { DependencyHealth(name: $0.name, ok: $0.isWorking, message: $0.message) })
    }
}

extension ServiceContext {
    func queueStats(of tenant: Tenant) async throws -> QueueStatsReply {
        // The default tenant is that of whoever runs the server.
        let seesAll = tenant == .default
        let counts = try await store.counts(tenant: seesAll ? nil : tenant)
        let workers = await workers()
        var reply = QueueStatsReply()
        reply.jobs = JobState.allCases.map { state in
            StateCount(state: ProtoJobState(state), jobs: counts.jobs[state] ?? 0)
        }
        reply.chunksPending = counts.chunksPending
        reply.chunksRunning = counts.chunksRunning
        reply.audioPendingMilliseconds = counts.pendingSamples.milliseconds
        reply.oldestQueuedAtMilliseconds = Int(counts.oldestQueuedAt?.millisecondsSinceEpoch ?? 0)
        reply.slotsTotal = workers.slotsTotal
        reply.slotsBusy = workers.slotsBusy
        reply.chunksCommitted = workers.chunksCommitted
        reply.chunksFenced = workers.chunksFenced
        reply.chunksRetried = workers.chunksRetried
        reply.engineRestarts = workers.engineRestarts
        if seesAll {
            reply.workers = workers.workers.map { WorkerInfo($0) }
            reply.methods = callMetrics?.snapshot().map { MethodStats($0) } ?? []
        }
        return reply
    }
}

extension MethodStats {
    init(_ metrics: MethodMetrics) {
        func microseconds(_ share: Double) -> Int {
            metrics.latency.quantile(share).map { Int($0 / .microseconds(1)) } ?? 0
        }
        self.init(
            method: metrics.method, calls: metrics.calls, errors: metrics.errors, running: metrics.running,
            p50Microseconds: microseconds(0.5), p99Microseconds: microseconds(0.99))
    }
}
