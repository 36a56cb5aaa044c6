import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

@Suite("Stopping", .timeLimit(.minutes(5)))
struct QuietStopTests {
    @Test("a quiet worker finishes what it has and takes nothing more")
    func finishes() async throws {
        let cluster = try Cluster()
        let gate = Gate()
        let worker = cluster.worker(ScriptedEngines { _ in .wait(gate, "words") })
        let id = try await cluster.transcribing(chunks: 3)
        let running = Task { await worker.run() }
        await gate.arrivals(1)
        worker.quiet()
        #expect(worker.metrics.snapshot.isDraining)
        gate.open()
        await running.value
        #expect(worker.metrics.snapshot.chunksCommitted == 1)
        let chunks = try await cluster.store.chunks(of: id, from: 0, limit: 10)
        #expect(chunks.map(\.state).filter { $0 == .done }.count == 1)
        #expect(chunks.filter { $0.state == .pending && $0.claims == 0 }.count == 2)
    }

    @Test("an idle worker ends as soon as it is to be quiet, also where that was before it ran")
    func idle() async throws {
        let cluster = try Cluster()
        let worker = cluster.worker(ScriptedEngines { _ in .say("words") }, change: { $0.slots = 4 })
        let running = Task { await worker.run() }
        worker.quiet()
        await running.value
        await worker.run()
    }

    @Test("cancelling a worker that has become quiet gives its leases back at once, without a charge")
    func cancelled() async throws {
        let cluster = try Cluster()
        let gate = Gate()
        let worker = cluster.worker(ScriptedEngines { _ in .wait(gate, "words") })
        let id = try await cluster.transcribing(chunks: 1)
        let running = Task { await worker.run() }
        await gate.arrivals(1)
        worker.quiet()
        running.cancel()
        await running.value
        let chunk = try await cluster.chunk(id)
        #expect(chunk.state == .pending && chunk.attempts == 0 && chunk.claims == 1)
    }

    @Test("a duty that it led passes to another worker at once")
    func handsDutyOver() async throws {
        let cluster = try Cluster()
        let plan = FaultPlan { _ in .none }
        let first = cluster.worker(ScriptedEngines { _ in .say("words") }, store: plan)
        let running = Task { await first.run() }
        try await eventually { plan.calls(of: "markExpired") > 0 }
        first.quiet()
        await running.value
        #expect(try await cluster.store.lead(Upkeep.duty, owner: OwnerToken(), lease: .seconds(15)))
    }

    @Test(
        "a worker stops in time although a service hangs",
        arguments: [
            "next", "enqueue", "acknowledge", "claimChunk", "renewChunk", "commitChunk", "releaseChunk", "lead",
            "claimableWork", "resign", "publish", "subscribeToControl", "read", "names",
        ])
    func hanging(method: String) async throws {
        let cluster = try Cluster()
        let hang = Gate()
        let isHanging = Gate()
        let plan = FaultPlan { call in
            guard call.method == method else { return .none }
            return .wait {
                isHanging.open()
                await stubbornly(hang)
            }
        }
        // Only a failure is given back, and only a run that lasts has its lease renewed.
        let engines = ScriptedEngines { run in
            switch method {
            case "renewChunk": .hang
            case "releaseChunk": .fail(.crashed)
            default: .say("words")
            }
        }
        let worker = cluster.worker(
            engines, store: plan, queue: plan, events: plan, objects: plan, change: { $0.renewalInterval = .zero })
        _ = try await cluster.transcribing(chunks: 1)
        let running = Task { await worker.run() }
        if method == "resign" {
            try await eventually { plan.calls(of: "markExpired") > 0 }
        } else {
            await isHanging.wait()
        }
        let begun = ContinuousClock.now
        running.cancel()
        await running.value
        // Well below what calls are waited for otherwise.
        #expect(ContinuousClock.now - begun < .seconds(15))
        hang.open()
    }
}
