import Logging
import RPCServer
import RPCTransport
import STTCore
import STTProto

extension SpeechService {
    func queueStats(_ request: QueueStatsRequest, _ call: CallContext) async throws -> QueueStatsReply {
        // The default tenant is that of whoever runs the server.
        let seesAll = tenant(of: call) == .default
        let counts = try await context.store.counts(tenant: seesAll ? nil : tenant(of: call))
        let workers = await context.workers()
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
            reply.methods = context.callMetrics?.snapshot().map { MethodStats($0) } ?? []
        }
        return reply
    }

    func health(_ request: HealthRequest, _ call: CallContext) async throws -> HealthReply {
        let states = await context.dependencies()
        return HealthReply(
            serving: states.allSatisfy(\.isWorking), version: context.version,
            uptimeMilliseconds: Int((ContinuousClock.now - startedAt).milliseconds),
            dependencies: states.map { DependencyHealth(name: $0.name, ok: $0.isWorking, message: $0.message) })
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
