import STTCore
import STTProto
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Shared partials", .timeLimit(.minutes(5)))
struct SharedPartialsTests {
    @Test("five hundred feeds from any chunk on equal the reference, and each partial is encoded once")
    func manyStarts() async throws {
        let fixture = try FeedFixture(chunks: 150, cutsHard: true) { _ in .none }
        let id = try await fixture.prepare()
        let starts = (0..<500).map { _ in Int.random(in: 0...150) }
        let all = starts.map { _ in Collected() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // One holds the watch from before the first chunk to the last.
            let witness = Collected()
            group.addTask { try await fixture.feed(id).run { witness.add($0) } }
            await witness.status()
            for (start, collected) in zip(starts, all) {
                group.addTask { try await fixture.feed(id, firstChunk: start).run { collected.add($0) } }
            }
            try await fixture.commitAll(of: id, order: (0..<150).shuffled())
            try await group.waitForAll()
        }
        #expect(fixture.watches.encodeCount == 150)
        let reference = try await fixture.reference(of: id)
        for (start, collected) in zip(starts, all) {
            #expect(collected.partials == Array(reference[start...]))
            #expect(collected.lastState == .completed)
        }
    }

    @Test("late joiners of a completed job share its chunks' readings")
    func lateJoiners() async throws {
        let fixture = try FeedFixture(chunks: 130) { _ in .none }
        let id = try await fixture.prepare()
        try await fixture.commitAll(of: id, order: Array(0..<130))
        let known = try await fixture.store.job(id, tenant: nil)
        let reference = try await fixture.reference(of: id)
        let all = (0..<500).map { _ in Collected() }
        let everybodyIsHere = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for collected in all {
                group.addTask {
                    try await fixture.feed(id, known: known).run { event in
                        // Nobody leaves before all have joined.
                        await everybodyIsHere.wait()
                        collected.add(event)
                    }
                }
            }
            await everybodyIsHere.arrivals(500)
            everybodyIsHere.open()
            try await group.waitForAll()
        }
        #expect(fixture.readPlan.calls(of: "chunks") == 3)
        #expect(fixture.watches.encodeCount == 130)
        #expect(all.allSatisfy { $0.partials == reference })
        #expect(fixture.watches.count == 0)
    }

    @Test("what does not fit in memory is read again, and comes out the same")
    func dropped() async throws {
        let fixture = try FeedFixture(chunks: 200, memoryLimit: 0, cutsHard: true) { _ in .none }
        let id = try await fixture.prepare()
        try await fixture.commitAll(of: id, order: Array(0..<200))
        let reference = try await fixture.reference(of: id)
        let peak = Peak()
        let all = (0..<20).map { _ in Collected() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, collected) in all.enumerated() {
                group.addTask {
                    try await fixture.feed(id, firstChunk: number * 10).run { event in
                        collected.add(event)
                        let bytes = fixture.watches.byteCount
                        peak.bytes.withLock { $0 = max($0, bytes) }
                    }
                }
            }
            try await group.waitForAll()
        }
        for (number, collected) in all.enumerated() {
            #expect(collected.partials == Array(reference[(number * 10)...]))
        }
        // One page.
        #expect(peak.bytes.withLock { $0 } < 64 * 400)
        #expect(fixture.watches.count == 0)
    }

    @Test("a watch that nobody follows keeps nothing")
    func nothingKept() async throws {
        let fixture = try FeedFixture(chunks: 100) { _ in .none }
        let id = try await fixture.prepare()
        try await fixture.commit(Array(0..<100), of: id)
        let collected = Collected()
        let feeding = Task { try await fixture.feed(id).run { collected.add($0) } }
        await collected.chunks(100)
        #expect(fixture.watches.byteCount > 0)
        feeding.cancel()
        _ = await feeding.result
        #expect(fixture.watches.count == 0)
        // Its task may take a moment to end.
        while fixture.watches.byteCount > 0 { await Task.yield() }
    }

    @Test("pages that cannot be read again are asked for again")
    func pageTrouble() async throws {
        let fixture = try FeedFixture(chunks: 200, memoryLimit: 0) { call in
            call.method == "chunks" && (3...5).contains(call.count)
                ? .fail(PortError(.unavailable, port: "job store", "away")) : .none
        } faults: { _ in
            .none
        }
        let id = try await fixture.prepare()
        try await fixture.commitAll(of: id, order: Array(0..<200))
        let collected = Collected()
        try await fixture.feed(id).run { collected.add($0) }
        #expect(collected.indexes == Array(0..<200))
    }
}

private final class Peak: Sendable {
    let bytes = Mutex(0)
}
