import STTCore
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

// Hundreds of files are written and removed.
@Suite("Duties of one worker for all", .timeLimit(.minutes(5 * Sanitizing.timeFactor)))
struct ClusterDutyTests {
    private func upkeep(_ cluster: Cluster, _ plan: FaultPlan) -> Upkeep {
        var ports = cluster.ports
        ports.store = FaultyJobStore(ports.store, plan: plan)
        return Upkeep(ports: ports, configuration: Cluster.configuration, logger: Cluster.silent)
    }

    @Test("one worker reconciles at a time, and another takes over when its lease has ended")
    func handOver() async throws {
        let cluster = try Cluster()
        // It ends without a word.
        let first = FaultPlan { $0.method == "resign" ? .drop : .none }
        let second = FaultPlan { _ in .none }
        let leading = Task { await upkeep(cluster, first).run() }
        try await eventually { first.calls(of: "markExpired") > 2 }
        let waiting = Task { await upkeep(cluster, second).run() }
        try await eventually { second.calls(of: "lead") > 2 }
        #expect(second.calls(of: "markExpired") == 0)
        leading.cancel()
        await leading.value
        let trials = second.calls(of: "lead")
        try await eventually { second.calls(of: "lead") > trials + 2 }
        #expect(second.calls(of: "markExpired") == 0)
        cluster.clock.advance(by: .seconds(15))
        try await eventually { second.calls(of: "markExpired") > 0 }
        waiting.cancel()
        await waiting.value
    }

    @Test("work that no queue entry stands for is found, and a long backlog is not enqueued with every pass")
    func reconciles() async throws {
        let cluster = try Cluster()
        _ = try await cluster.transcribing(chunks: 1_100)
        let plan = FaultPlan { _ in .none }
        var ports = cluster.ports
        ports.queue = FaultyQueue(cluster.queue, plan: plan)
        let reconciler = Reconciler(ports: ports, logger: Cluster.silent)
        try await reconciler.pass()
        #expect(plan.calls(of: "enqueue") == 3)
        var depth = try await cluster.queue.depth
        #expect(depth == 1_100)
        try await reconciler.pass()
        #expect(plan.calls(of: "enqueue") == 4)
        // One is lost: added again.
        _ = try await cluster.queue.next(.transcription)
        try await reconciler.pass()
        depth = try await cluster.queue.depth
        #expect(depth == 1_100)
    }

    // MARK: Orphans

    private func orphan(_ cluster: Cluster, hoursOld hours: Int) async throws -> JobID {
        let id = JobID(at: cluster.clock.now + .seconds(-3600 * hours))
        try await cluster.objects.write([1], to: .audio(of: id))
        return id
    }

    private func names(_ cluster: Cluster) async throws -> Set<String> {
        let root = try #require(ObjectKey("jobs"))
        return Set(try await cluster.objects.names(below: root, after: nil, limit: 10_000))
    }

    @Test("only what is old and has no record is removed; what is no job's stays")
    func sweeps() async throws {
        let cluster = try Cluster()
        let old = try await orphan(cluster, hoursOld: 25)
        let older = try await orphan(cluster, hoursOld: 1000)
        let young = try await orphan(cluster, hoursOld: 23)
        let stranger = try #require(ObjectKey("jobs/readme/text"))
        try await cluster.objects.write([1], to: stranger)
        cluster.clock.advance(by: .seconds(-3600 * 30))
        let recorded = try await cluster.transcribing(chunks: 1)
        cluster.clock.advance(by: .seconds(3600 * 30))
        let plan = FaultPlan { _ in .none }
        let sweep = OrphanSweep(
            store: cluster.store, objects: FaultyObjectStore(cluster.objects, plan: plan), age: .seconds(24 * 3600),
            clock: cluster.clock, logger: Cluster.silent)
        #expect(try await sweep.run() == 2)
        #expect(try await names(cluster) == [young.description, recorded.description, "readme"])
        #expect(try await cluster.objects.size(of: .audio(of: old)) == nil)
        #expect(try await cluster.objects.size(of: .audio(of: older)) == nil)
        #expect(plan.calls(of: "removeUnfinished") == 1)
        // Where nothing is being uploaded, age does not matter.
        let all = OrphanSweep(
            store: cluster.store, objects: cluster.objects, age: .zero, clock: cluster.clock, logger: Cluster.silent)
        #expect(try await all.run() == 1)
        #expect(try await names(cluster) == [recorded.description, "readme"])
    }

    @Test("a walk over more than one page finds all, and ends when the duty is lost")
    func pages() async throws {
        let cluster = try Cluster()
        for _ in 0..<520 { _ = try await orphan(cluster, hoursOld: 48) }
        let sweep = OrphanSweep(
            store: cluster.store, objects: cluster.objects, age: .seconds(3600), clock: cluster.clock,
            logger: Cluster.silent)
        let steps = Mutex(0)
        let few = try await sweep.run {
            steps.withLock { count in
                count += 1
                return count <= 11
            }
        }
        #expect(few == 10)
        #expect(try await sweep.run() == 510)
        #expect(try await names(cluster).isEmpty)
    }

    @Test("the leader collects orphans when it starts")
    func collects() async throws {
        let cluster = try Cluster()
        let old = try await orphan(cluster, hoursOld: 25)
        let task = Task { await upkeep(cluster, FaultPlan { _ in .none }).run() }
        try await eventually { try await cluster.objects.size(of: .audio(of: old)) == nil }
        task.cancel()
        await task.value
    }
}
