import RPCClient
import STTProto
import Testing

@testable import STTClient

@Suite struct RetryScheduleTests {
    private let start = ContinuousClock.now
    private let away = RPCError(.unavailable, "away")

    private func schedule(_ patience: Duration) -> RetrySchedule {
        RetrySchedule(patience: patience, initialBackoff: .milliseconds(100), maxBackoff: .seconds(1))
    }

    @Test func `waits double up to their limit`() {
        var schedule = schedule(.seconds(60))
        let waits = (0..<6).map { _ in schedule.wait(after: away, now: start, jitter: 0)?.delay }
        #expect(waits == [100, 200, 400, 800, 1000, 1000].map { Duration.milliseconds($0) })
    }

    @Test func `jitter shortens a wait by up to a half`() {
        var schedule = schedule(.seconds(60))
        #expect(schedule.wait(after: away, now: start, jitter: 1)?.delay == .milliseconds(50))
    }

    @Test func `a server's own wish is granted`() {
        var schedule = schedule(.seconds(60))
        let busy = RPCError(.unavailable, "starting", retryAfter: .seconds(7))
        #expect(schedule.wait(after: busy, now: start, jitter: 0)?.delay == .seconds(7))
    }

    @Test func `patience counts from the start of an outage and is never exceeded by a wait`() {
        var schedule = schedule(.milliseconds(1050))
        #expect(schedule.wait(after: away, now: start, jitter: 0) != nil)
        let late = schedule.wait(after: away, now: start + .seconds(1), jitter: 0)
        #expect(late?.delay == .milliseconds(50))
        #expect(schedule.wait(after: away, now: start + .milliseconds(1050), jitter: 0) == nil)
    }

    @Test func `an answer ends the outage, so that the next one gets all the patience and short waits`() {
        var schedule = schedule(.seconds(1))
        for _ in 0..<100 {
            _ = schedule.wait(after: away, now: start, jitter: 0)
            _ = schedule.wait(after: away, now: start, jitter: 0)
            schedule.progressed()
            #expect(schedule.wait(after: away, now: start + .seconds(5), jitter: 0)?.delay == .milliseconds(100))
            schedule.progressed()
        }
    }

    @Test func `a full queue is waited for as long as the server says, where that is within the patience`() {
        var schedule = schedule(.seconds(10))
        let full = RPCError(.resourceExhausted, "the queue is full", retryAfter: .seconds(7))
        #expect(schedule.wait(after: full, now: start, jitter: 0)?.delay == .seconds(7))
        #expect(schedule.wait(after: full, now: start + .seconds(7), jitter: 0) == nil)
    }

    @Test func `a server that drains is left without a wait, once in an outage`() throws {
        var schedule = schedule(.seconds(10))
        let details = try JobError(code: JobError.draining).encode()
        let draining = RPCError(.unavailable, "draining", details: details)
        #expect(schedule.wait(after: draining, now: start, jitter: 0)?.delay == .zero)
        #expect(schedule.wait(after: draining, now: start, jitter: 0)?.delay == .milliseconds(100))
        schedule.progressed()
        #expect(schedule.wait(after: draining, now: start, jitter: 0)?.delay == .zero)
    }

    @Test(arguments: StatusCode.allCases.filter { $0 != .unavailable })
    func `only an unavailable server is tried again`(_ code: StatusCode) {
        var schedule = schedule(.seconds(60))
        #expect(schedule.wait(after: RPCError(code, ""), now: start, jitter: 0) == nil)
    }
}
