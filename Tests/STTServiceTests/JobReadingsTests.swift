import STTCore
import STTEmbedded
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Job readings", .timeLimit(.minutes(5)))
struct JobReadingsTests {
    @Test("ten thousand questions of a hundred tasks in two seconds cost at most twenty readings a second")
    func coalesces() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let readings = fixture.readings()
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    for number in 1...100 {
                        let reading = try await readings.reading(of: id, tenant: .default)
                        #expect(reading?.job.id == id)
                        // The load lasts two seconds.
                        try await Task.sleep(until: began + .milliseconds(20 * number), clock: .continuous)
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = began.duration(to: .now) / .seconds(1)
        #expect(seconds >= 2)
        #expect(Double(fixture.reads.load(ordering: .relaxed)) <= 20 * seconds + 1)
    }

    @Test("a state is told for 50 ms from when its reading began, then it is read again")
    func staleness() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        #expect(try await readings.reading(of: id, tenant: .default)?.job.state == .queued)
        // By another server.
        _ = try await fixture.cancel(id)
        clock.advance(by: .milliseconds(50))
        #expect(try await readings.reading(of: id, tenant: .default)?.job.state == .queued)
        #expect(fixture.reads.load(ordering: .relaxed) == 1)
        clock.advance(by: .nanoseconds(1))
        #expect(try await readings.reading(of: id, tenant: .default)?.job.state == .cancelled)
        #expect(fixture.reads.load(ordering: .relaxed) == 2)
    }

    @Test("who comes while a reading is under way shares it, or the next one if it began more than 50 ms ago")
    func late() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        fixture.isHeld.store(true, ordering: .relaxed)
        let first = Task { try await readings.reading(of: id, tenant: .default)?.job.state }
        await fixture.gate.arrivals(1)
        // What the first reading found is old by now.
        _ = try await fixture.cancel(id)
        clock.advance(by: .milliseconds(50))
        let inTime = Task.immediate { try await readings.reading(of: id, tenant: .default)?.job.state }
        clock.advance(by: .milliseconds(1))
        let late = (0..<10).map { _ in
            Task.immediate { try await readings.reading(of: id, tenant: .default)?.job.state }
        }
        #expect(fixture.reads.load(ordering: .relaxed) == 1)
        fixture.gate.open()
        #expect(try await first.value == .queued)
        #expect(try await inTime.value == .queued)
        for task in late { #expect(try await task.value == .cancelled) }
        #expect(fixture.reads.load(ordering: .relaxed) == 2)
    }

    @Test("a failure is told to those who waited and to nobody after, and is no reason to ask more often")
    func failure() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        fixture.isHeld.store(true, ordering: .relaxed)
        fixture.fails.store(true, ordering: .relaxed)
        let tasks = (0..<10).map { _ in Task.immediate { try await readings.reading(of: id, tenant: .default) != nil } }
        await fixture.gate.arrivals(1)
        fixture.fails.store(false, ordering: .relaxed)
        fixture.gate.open()
        for task in tasks {
            let error = await #expect(throws: PortError.self) { _ = try await task.value }
            #expect(error?.code == .unavailable)
        }
        // The next reading waits for its time, and serves all who came until then.
        let after = (0..<10).map { _ in Task.immediate { try await readings.reading(of: id, tenant: .default) != nil } }
        await clock.sleeper(until: .milliseconds(50))
        #expect(fixture.reads.load(ordering: .relaxed) == 1)
        clock.advance(by: .milliseconds(50))
        for task in after { #expect(try await task.value) }
        #expect(fixture.reads.load(ordering: .relaxed) == 2)
    }

    @Test("where the one who was to read is cancelled, another who waits reads")
    func handsOver() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        fixture.fails.store(true, ordering: .relaxed)
        await #expect(throws: PortError.self) { _ = try await readings.reading(of: id, tenant: .default) }
        fixture.fails.store(false, ordering: .relaxed)
        let leader = Task.immediate { try await readings.reading(of: id, tenant: .default) != nil }
        await clock.sleeper(until: .milliseconds(50))
        let other = Task.immediate { try await readings.reading(of: id, tenant: .default) != nil }
        leader.cancel()
        let error = await #expect(throws: PortError.self) { _ = try await leader.value }
        #expect(error?.code == .cancelled)
        await clock.sleeper(until: .milliseconds(50))
        clock.advance(by: .milliseconds(50))
        #expect(try await other.value)
    }

    @Test("jobs that are not there and other tenants' are not found, and what is asked for once is soon forgotten")
    func strangers() async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        #expect(try await readings.reading(of: id, tenant: .default) != nil)
        #expect(try await readings.reading(of: id, tenant: Tenant("other")) == nil)
        #expect(fixture.reads.load(ordering: .relaxed) == 1)
        for _ in 0..<3 {
            for _ in 0..<100 {
                #expect(try await readings.reading(of: JobID(at: SystemWallClock().now), tenant: .default) == nil)
            }
            #expect(readings.count <= 101)
            clock.advance(by: .milliseconds(51))
        }
        for _ in 0..<JobReadings.entryLimit + 100 {
            _ = try await readings.reading(of: JobID(at: SystemWallClock().now), tenant: .default)
        }
        #expect(readings.count <= JobReadings.entryLimit)
    }

    @Test("a reading from before a write of this server does not undo it", arguments: [false, true])
    func ownWrites(deletes: Bool) async throws {
        let fixture = try ReadingsFixture()
        let id = try await fixture.insert()
        let clock = ManualClock()
        let readings = fixture.readings(clock)
        fixture.isHeld.store(true, ordering: .relaxed)
        let before = Task { try await readings.reading(of: id, tenant: .default)?.job.state }
        await fixture.gate.arrivals(1)
        let issued = readings.instant
        readings.wrote(try await fixture.cancel(id), issued: issued)
        #expect(try await readings.reading(of: id, tenant: .default)?.job.state == .cancelled)
        if deletes {
            _ = try await fixture.store.markDeleted(id, tenant: nil)
            readings.deleted(id)
            #expect(try await readings.reading(of: id, tenant: .default) == nil)
        }
        fixture.gate.open()
        #expect(try await before.value == (deletes ? nil : .cancelled))
        #expect(try await readings.reading(of: id, tenant: .default)?.job.state == (deletes ? nil : .cancelled))
    }
}
