import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

/// Concurrency: a mutex protects the reports.
private final class Registry: WorkerRegistry {
    private struct State {
        var reports: [WorkerReport] = []
        var lifetimes: Set<Duration> = []
        var removed: [String] = []
        var isDown = false
    }

    private let state = Mutex(State())

    var all: [WorkerReport] { state.withLock { $0.reports } }
    var removed: [String] { state.withLock { $0.removed } }
    var lifetimes: Set<Duration> { state.withLock { $0.lifetimes } }
    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    func report(_ report: WorkerReport, lifetime: Duration) async throws(PortError) {
        let isDown = state.withLock { state in
            if !state.isDown {
                state.reports.append(report)
                state.lifetimes.insert(lifetime)
            }
            return state.isDown
        }
        if isDown { throw PortError(.unavailable, port: "worker registry", "down") }
    }

    func remove(_ id: String) async throws(PortError) { state.withLock { $0.removed.append(id) } }

    func reports() async throws(PortError) -> [WorkerReport] { all }
}

@Suite("Reports of workers", .timeLimit(.minutes(5)))
struct WorkerReporterTests {
    private let identity = WorkerIdentity(
        id: "w1", host: "here", pid: 7, version: "1.0", startedAt: SystemWallClock().now, engine: "scripted",
        model: "tiny", isMultilingual: true)

    @Test("a worker reports at once when it starts and when it drains, and is taken off at its end")
    func lifecycle() async throws {
        let cluster = try Cluster()
        let registry = Registry()
        let gate = Gate()
        // No report is due by time.
        let worker = cluster.worker(
            ScriptedEngines { _ in .wait(gate, "words") }, identity: identity, registry: registry,
            change: { $0.reportInterval = .seconds(3600) })
        _ = try await cluster.transcribing(chunks: 1)
        let running = Task { await worker.run() }
        await gate.arrivals(1)
        try await eventually { registry.all.count == 1 }
        worker.quiet()
        try await eventually { registry.all.count == 2 }
        #expect(registry.all.map(\.isDraining) == [false, true])
        #expect(registry.all.last?.slotsBusy == 1 && registry.all.last?.slotsTotal == 1)
        #expect(registry.all.last?.engine == "scripted" && registry.all.last?.host == "here")
        #expect(registry.lifetimes == [.seconds(20)])
        #expect(registry.removed.isEmpty)
        gate.open()
        await running.value
        #expect(registry.removed == ["w1"])
    }

    @Test("a registry that is out of reach is told again when it is back, and work goes on meanwhile")
    func outage() async throws {
        let cluster = try Cluster()
        let registry = Registry()
        registry.setDown(true)
        let worker = cluster.worker(
            ScriptedEngines { _ in .say("words") }, identity: identity, registry: registry,
            change: { $0.reportInterval = .milliseconds(10) })
        let id = try await cluster.transcribing(chunks: 2)
        let running = Task { await worker.run() }
        try await eventually { try await cluster.job(id).state == .completed }
        #expect(registry.all.isEmpty)
        registry.setDown(false)
        try await eventually { registry.all.contains { $0.chunksCommitted == 2 } }
        running.cancel()
        await running.value
        #expect(registry.removed == ["w1"])
    }
}
