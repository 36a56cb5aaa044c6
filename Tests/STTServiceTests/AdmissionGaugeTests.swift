import RPCServer
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite("Admission", .timeLimit(.minutes(5)))
struct AdmissionGaugeTests {
    @Test("asks the store once a second and counts what came since by itself")
    func oncePerSecond() async throws {
        let fixture = try await GaugeFixture(limit: 10)
        for _ in 0..<10 {
            try await fixture.gauge.enter()
            fixture.gauge.leave(inserted: true)
        }
        await #expect(throws: RPCError.self) { try await fixture.gauge.enter() }
        #expect(fixture.plan.calls(of: "unfinishedJobs") == 1)
        // The store, which has none of them, is believed again a second later.
        fixture.turn(by: .seconds(1))
        try await fixture.gauge.enter()
        #expect(fixture.plan.calls(of: "unfinishedJobs") == 2)
    }

    @Test("uploads under way have a place until they are given up")
    func places() async throws {
        let fixture = try await GaugeFixture(limit: 2)
        try await fixture.gauge.enter()
        try await fixture.gauge.enter()
        await #expect(throws: RPCError.self) { try await fixture.gauge.enter() }
        fixture.gauge.leave(inserted: false)
        try await fixture.gauge.enter()
    }

    @Test("says when to come back by how fast jobs ended lately, and later to those refused later")
    func retryAfter() async throws {
        let fixture = try await GaugeFixture(limit: 4)
        var waits: [Duration?] = []
        for _ in 0..<4 {
            try await fixture.gauge.enter()
            fixture.gauge.leave(inserted: true)
        }
        await waits.append(fixture.refusal())
        #expect(waits == [.seconds(10)])
        // All four ended within two seconds: two a second.
        fixture.turn(by: .seconds(2))
        for _ in 0..<4 {
            try await fixture.gauge.enter()
            fixture.gauge.leave(inserted: true)
        }
        var later: [Duration] = []
        for _ in 0..<300 { await later.append(fixture.refusal() ?? .zero) }
        #expect(later.first == .seconds(1))
        #expect(later[9] == .seconds(5))
        #expect(later.last == .seconds(60))
        #expect(later == later.sorted())
    }
}

private final class GaugeFixture: Sendable {
    let gauge: AdmissionGauge
    let plan = FaultPlan { _ in .none }
    private let feed: FeedFixture

    init(limit: Int) async throws {
        feed = try FeedFixture(chunks: 1) { _ in .none }
        let clock = TurnedClock()
        gauge = AdmissionGauge(store: FaultyJobStore(feed.store, plan: plan), limit: limit, now: { clock.now })
        self.clock = clock
    }

    private let clock: TurnedClock

    func turn(by duration: Duration) { clock.turn(by: duration) }

    func refusal() async -> Duration? {
        do {
            try await gauge.enter()
            return nil
        } catch {
            return (error as? RPCError)?.retryAfter
        }
    }
}
