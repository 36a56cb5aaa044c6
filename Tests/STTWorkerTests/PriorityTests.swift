import STTCore
import STTEmbedded
import STTTestKit
import Testing

@testable import STTWorker

@Suite("Priorities", .timeLimit(.minutes(5)))
struct PriorityTests {
    private func items(_ count: Int, _ priority: JobPriority, tenant: Tenant = .default) -> [WorkItem] {
        let id = JobID(at: SystemWallClock().now)
        return (0..<count).map {
            WorkItem(.chunk($0), job: id, tenant: tenant, priority: priority, audioMilliseconds: 28_000)
        }
    }

    private func take(_ count: Int, from queue: InProcessWorkQueue) async throws -> [WorkItem] {
        var taken: [WorkItem] = []
        for _ in 0..<count { taken.append(try await queue.next(.transcription).item) }
        return taken
    }

    @Test("a higher class is served first and starves no lower one", arguments: [false, true])
    func shares(lowFirst: Bool) async throws {
        let queue = InProcessWorkQueue()
        let waiting = [items(40, .high), items(40, .low)]
        for items in lowFirst ? waiting.reversed() : waiting { try await queue.enqueue(items) }
        let taken = try await take(20, from: queue)
        #expect(taken.filter { $0.priority == .high }.count >= 16)
        #expect(taken.contains { $0.priority == .low })
    }

    @Test("three classes share the audio 16 to 4 to 1")
    func weights() async throws {
        let queue = InProcessWorkQueue()
        for priority in JobPriority.allCases { try await queue.enqueue(items(200, priority)) }
        let taken = try await take(210, from: queue)
        for (priority, share) in [(JobPriority.high, 160), (.normal, 40), (.low, 10)] {
            #expect(abs(taken.filter { $0.priority == priority }.count - share) <= 1)
        }
    }

    @Test("two tenants of one class alternate")
    func tenants() async throws {
        let queue = InProcessWorkQueue()
        try await queue.enqueue(items(20, .low, tenant: Tenant("a")))
        try await queue.enqueue(items(20, .low, tenant: Tenant("b")))
        let taken = try await take(10, from: queue).map(\.tenant)
        #expect(taken == Array(repeating: [Tenant("a"), Tenant("b")], count: 5).flatMap(\.self))
    }

    @Test("what waits alone is taken at once, and earns its class no credit and no debt")
    func alone() async throws {
        let queue = InProcessWorkQueue()
        try await queue.enqueue(items(100, .low))
        #expect(try await take(100, from: queue).allSatisfy { $0.priority == .low })
        try await queue.enqueue(items(40, .high) + items(40, .low))
        let taken = try await take(20, from: queue)
        #expect(taken.filter { $0.priority == .high }.count >= 16)
        #expect(taken.contains { $0.priority == .low })
    }

    @Test("every item that a worker makes carries its job's priority")
    func carried() async throws {
        let cluster = try Cluster()
        let id = try await cluster.transcribing(chunks: 1, priority: .low)
        #expect(try await cluster.job(id).workItem(.merge).priority == .low)
        let claim = try await cluster.store.claimChunk(0, of: id, owner: OwnerToken(), lease: .seconds(1))
        #expect(claim?.priority == .low)
    }
}
