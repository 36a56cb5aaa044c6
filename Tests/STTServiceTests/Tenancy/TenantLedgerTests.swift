import RPCWire
import STTCore
import STTTestKit
import Synchronization
import Testing

@testable import STTService

@Suite struct TenantLedgerTests {
    private let clock = TurnedClock()

    private func ledger(_ limits: TenantLimits, for tenant: Tenant? = nil) -> TenantLedger {
        TenantLedger(limits: { tenant == nil || tenant == $0 ? limits : TenantLimits() }, now: { [clock] in clock.now })
    }

    private func refusal(_ body: () throws(RPCError) -> Void) -> RPCError? {
        do throws(RPCError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `open calls are bounded for each tenant by itself`() throws {
        let ledger = ledger(TenantLimits(openCalls: 2))
        let (a, b) = (Tenant("a"), Tenant("b"))
        try ledger.callBegins(a)
        try ledger.callBegins(a)
        let error = refusal { () throws(RPCError) in try ledger.callBegins(a) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message == "tenant a is at its limit open_calls: 2 calls at a time; try again later")
        #expect(error?.retryAfter == .seconds(1))
        try ledger.callBegins(b)
        ledger.callEnded(a)
        try ledger.callBegins(a)
    }

    @Test func `requests come at their rate after a burst, and are told exactly when the next one may`() throws {
        let ledger = ledger(TenantLimits(requestsPerSecond: 4, burst: 3))
        let a = Tenant("a")
        for _ in 0..<3 { try ledger.callBegins(a) }
        #expect(refusal { () throws(RPCError) in try ledger.callBegins(a) }?.retryAfter == .milliseconds(250))
        clock.turn(by: .milliseconds(100))
        let error = refusal { () throws(RPCError) in try ledger.callBegins(a) }
        #expect(error?.retryAfter == .milliseconds(150))
        #expect(error?.message.contains("requests_per_second: 4 requests a second") == true)
        clock.turn(by: .milliseconds(149))
        #expect(refusal { () throws(RPCError) in try ledger.callBegins(a) } != nil)
        clock.turn(by: .milliseconds(1))
        try ledger.callBegins(a)
        #expect(refusal { () throws(RPCError) in try ledger.callBegins(a) } != nil)
        // A long pause earns no more than the burst.
        clock.turn(by: .seconds(3600))
        for _ in 0..<3 { try ledger.callBegins(a) }
        #expect(refusal { () throws(RPCError) in try ledger.callBegins(a) } != nil)
    }

    @Test func `a call refused for the one limit does not count for the other`() throws {
        let ledger = ledger(TenantLimits(openCalls: 1, requestsPerSecond: 1, burst: 2))
        let a = Tenant("a")
        try ledger.callBegins(a)
        for _ in 0..<5 { #expect(refusal { () throws(RPCError) in try ledger.callBegins(a) } != nil) }
        ledger.callEnded(a)
        try ledger.callBegins(a)
        ledger.callEnded(a)
        #expect(
            refusal { () throws(RPCError) in try ledger.callBegins(a) }?.message.contains("requests_per_second") == true
        )
        clock.turn(by: .seconds(1))
        try ledger.callBegins(a)
    }

    @Test func `bytes of uploads are bounded together, and given back`() throws {
        let ledger = ledger(TenantLimits(uploadBytes: 100), for: Tenant("a"))
        let a = Tenant("a")
        try ledger.checkRoom(for: 100, of: a)
        try ledger.reserve(60, for: a)
        let error = refusal { () throws(RPCError) in try ledger.checkRoom(for: 41, of: a) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("tenant a is at its limit upload_bytes: 100 bytes") == true)
        #expect(error?.retryAfter == .seconds(2))
        #expect(refusal { () throws(RPCError) in try ledger.reserve(41, for: a) } != nil)
        try ledger.reserve(40, for: a)
        try ledger.reserve(1000, for: Tenant("b"))
        ledger.release(60, of: a)
        try ledger.reserve(60, for: a)
    }

    @Test func `a tenant that has nothing open has no account`() throws {
        let ledger = ledger(TenantLimits(openCalls: 9, requestsPerSecond: 1, burst: 5))
        let busy = Tenant("busy")
        try ledger.callBegins(busy)
        for index in 0..<10_000 {
            let tenant = Tenant("t\(index)")
            try ledger.callBegins(tenant)
            ledger.callEnded(tenant)
            // By the time that the next one comes, the bucket of this one is full again.
            clock.turn(by: .seconds(1))
        }
        #expect(ledger.accountCount <= 64)
        // The one that is in use was kept.
        for _ in 0..<8 {
            clock.turn(by: .seconds(1))
            try ledger.callBegins(busy)
        }
        #expect(refusal { () throws(RPCError) in try ledger.callBegins(busy) } != nil)
    }
}

/// A clock that a test turns.
final class TurnedClock: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { instant.withLock { $0 } }
    func turn(by duration: Duration) { instant.withLock { $0 = $0 + duration } }
}
