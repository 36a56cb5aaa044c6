import Logging
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTWorker

@Suite("Outages", .timeLimit(.minutes(5)))
struct OutageTests {
    /// A job of three chunks is done with one claim and one engine run for each.
    private func expectUnharmed(
        _ cluster: Cluster, _ worker: Worker, _ engines: ScriptedEngines, chunks: Int = 3
    ) async throws {
        let id = try await cluster.transcribing(chunks: chunks)
        let running = Task { await worker.run() }
        try await eventually { try await cluster.job(id).state == .completed }
        running.cancel()
        await running.value
        let stored = try await cluster.store.chunks(of: id, from: 0, limit: 10)
        #expect(stored.allSatisfy { $0.state == .done && $0.attempts == 1 && $0.claims == 1 && $0.releases == 0 })
        #expect(engines.runs.count == chunks)
        #expect(worker.metrics.snapshot.chunksCommitted == chunks)
        #expect(worker.metrics.snapshot.chunksFenced == 0)
        #expect(worker.metrics.snapshot.chunksRetried == 0)
    }

    @Test(
        "a service that fails for a while costs no engine run and no attempt",
        arguments: [
            "claimChunk", "renewChunk", "commitChunk", "claimableWork", "lead", "claim", "complete", "chunks", "next",
            "acknowledge", "enqueue", "publish", "subscribeToControl", "read",
        ])
    func fails(method: String) async throws {
        let cluster = try Cluster()
        let engines = ScriptedEngines { _ in .say("words") }
        let plan = FaultPlan.failing(method, calls: 1...6)
        let worker = cluster.worker(engines, store: plan, queue: plan, events: plan, objects: plan)
        try await expectUnharmed(cluster, worker, engines)
    }

    @Test("a commit whose answer was lost is a commit, and its event is published")
    func lostAnswer() async throws {
        let cluster = try Cluster()
        let engines = ScriptedEngines { _ in .say("words") }
        let isFirst = Mutex(true)
        let events = FaultPlan { _ in .none }
        let worker = cluster.worker(
            engines,
            store: FaultPlan { call in
                guard call.method == "commitChunk" else { return .none }
                let first = isFirst.withLock { first in
                    defer { first = false }
                    return first
                }
                return first ? .loseReply(PortError(.unavailable, port: "job store", "lost")) : .none
            }, events: events)
        try await expectUnharmed(cluster, worker, engines)
        // One for each chunk, two for the merge.
        #expect(events.calls(of: "publish") == 5)
    }

    @Test("a commit that is under way when the worker is stopped is a commit, and its event is published")
    func stoppedInCommit() async throws {
        let cluster = try Cluster()
        let committing = Gate()
        let goOn = Gate()
        let events = FaultPlan { _ in .none }
        let store = FaultPlan { call in
            guard call.method == "commitChunk" else { return .none }
            return .wait {
                committing.open()
                await stubbornly(goOn)
            }
        }
        let worker = cluster.worker(
            ScriptedEngines { _ in .say("words") }, store: store, events: events,
            change: { $0.stopTimeLimit = .seconds(10) })
        let id = try await cluster.transcribing(chunks: 1)
        let running = Task { await worker.run() }
        await committing.wait()
        running.cancel()
        goOn.open()
        await running.value
        let chunk = try await cluster.chunk(id)
        #expect(chunk.state == .done && chunk.claims == 1)
        #expect(worker.metrics.snapshot.chunksCommitted == 1)
        #expect(events.calls(of: "publish") == 1)
    }

    @Test("an event bus or a queue that hangs does not hold a slot for long", arguments: ["publish", "acknowledge"])
    func hangs(method: String) async throws {
        let cluster = try Cluster()
        let hang = Gate()
        let engines = ScriptedEngines { _ in .say("words") }
        let plan = FaultPlan { $0.method == method ? .wait { await stubbornly(hang) } : .none }
        let worker = cluster.worker(
            engines, queue: plan, events: plan, change: { $0.hintTimeLimit = .milliseconds(20) })
        try await expectUnharmed(cluster, worker, engines)
        hang.open()
    }

    @Test("the result of a worker that was frozen past its lease is dropped and counted once")
    func frozen() async throws {
        let cluster = try Cluster()
        let gate = Gate()
        let slow = ScriptedEngines { _ in .wait(gate, "late") }
        let frozen = cluster.worker(slow)
        let id = try await cluster.transcribing(chunks: 1)
        let running = Task { await frozen.run() }
        await gate.arrivals(1)
        frozen.quiet()
        cluster.clock.advance(by: .seconds(60))
        let engines = ScriptedEngines { _ in .say("words") }
        let other = cluster.worker(engines)
        let others = Task { await other.run() }
        try await eventually { try await cluster.job(id).state == .completed }
        gate.open()
        await running.value
        #expect(frozen.metrics.snapshot.chunksFenced == 1)
        #expect(frozen.metrics.snapshot.chunksCommitted == 0)
        let result = try #require(try await cluster.chunk(id).result)
        #expect(result.segments.map(\.text) == ["words"])
        others.cancel()
        await others.value
    }

    @Test("a result under a lease that ran out and was taken by nobody is committed")
    func lapsed() async throws {
        let cluster = try Cluster()
        let gate = Gate()
        let engines = ScriptedEngines { _ in .wait(gate, "words") }
        let worker = cluster.worker(engines)
        let id = try await cluster.transcribing(chunks: 1)
        let running = Task { await worker.run() }
        await gate.arrivals(1)
        cluster.clock.advance(by: .seconds(60))
        gate.open()
        try await eventually { try await cluster.job(id).state == .completed }
        #expect(try await cluster.chunk(id).claims == 1)
        running.cancel()
        await running.value
    }

    @Test("a slot whose work meets a service's trouble does not run through the queue")
    func slowsDown() async throws {
        let cluster = try Cluster()
        let clock = ManualClock()
        var ports = cluster.ports
        ports.time = WorkerTime(clock)
        let job = JobID(at: cluster.clock.now)
        try await cluster.queue.enqueue((0..<50).map { WorkItem(.chunk($0), job: job, tenant: .default) })
        let taker = WorkTaker(
            ports: ports, standby: StandbyWork(ports: ports, interval: .seconds(1), logger: Cluster.silent),
            drain: Drain(), lane: .transcription,
            backoff: Backoff(base: .seconds(3600), cap: .seconds(3600)), logger: Cluster.silent)
        let count = Mutex(0)
        let running = Task {
            await taker.run { _, _ throws(PortError) in
                count.withLock { $0 += 1 }
                return .impeded
            }
        }
        for taken in 1...3 {
            try await eventually { clock.sleeperCount == 1 }
            #expect(count.withLock { $0 } == taken)
            clock.advance(by: .seconds(5))
        }
        running.cancel()
        await running.value
    }

    @Test("the same trouble is logged once in half a minute, whoever meets it")
    func log() async throws {
        let clock = ManualClock()
        let log = RecordedLog()
        let troubles = TroubleLog(time: WorkerTime(clock))
        for _ in 0..<100 {
            troubles.note("reading failed", PortError(.unavailable, port: "a", "down"), logger: log.logger)
            troubles.note("reading failed", PortError(.unavailable, port: "b", "down"), logger: log.logger)
            clock.advance(by: .milliseconds(400))
        }
        #expect(log.warnings == ["reading failed", "reading failed", "reading failed", "reading failed"])
    }
}

/// Concurrency: a mutex protects the messages.
private final class RecordedLog: Sendable {
    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if event.level == .warning { log.messages.withLock { $0.append("\(event.message)") } }
        }
    }

    private let messages = Mutex<[String]>([])

    var warnings: [String] { messages.withLock { $0 } }
    var logger: Logger { Logger(label: "worker") { _ in Handler(log: self) } }

    @Test("work is taken from the store while the queue is away, also by a worker that waits in it")
    func worksWithoutQueue() async throws {
        let cluster = try Cluster()
        let engines = ScriptedEngines { _ in .say("words") }
        let isAway = Mutex(false)
        let plan = FaultPlan { call in
            let away = isAway.withLock { $0 }
            // A wait that has begun goes on, as it does in a queue that connects again by itself.
            return away && call.method != "next" ? .fail(PortError(.unavailable, port: "queue", "away")) : .none
        }
        let worker = cluster.worker(engines, queue: plan) { $0.queueProbeInterval = .milliseconds(10) }
        let running = Task { await worker.run() }
        try await eventually { plan.calls(of: "next") > 0 }
        isAway.withLock { $0 = true }
        let id = try await cluster.transcribing(chunks: 3)
        try await eventually { try await cluster.job(id).state == .completed }
        #expect(engines.runs.count == 3)

        // And it waits in the queue again once that is back.
        let waits = plan.calls(of: "next")
        isAway.withLock { $0 = false }
        try await eventually { plan.calls(of: "next") > waits }
        let next = try await cluster.transcribing(chunks: 1)
        try await eventually { try await cluster.job(next).state == .completed }
        running.cancel()
        await running.value
    }
}
