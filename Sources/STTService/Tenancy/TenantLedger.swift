import Foundation
import RPCWire
import STTCore
import Synchronization

/// What each tenant has taken of this server at the moment: open calls, requests, bytes of uploads.
///
/// A tenant that has nothing open and has not called for a while has no account.
///
/// Concurrency: any thread; the mutex guards the accounts and is held for a few steps only.
final class TenantLedger: Sendable {
    private struct Account {
        var openCalls = 0
        var uploadBytes = 0
        /// Requests that may come at once, as of `filledAt`.
        var tokens = Double.infinity
        var filledAt: ContinuousClock.Instant

        /// - Parameter rate: A second.
        mutating func fill(to burst: Double, rate: Double, at now: ContinuousClock.Instant) {
            tokens = min(burst, tokens + max(0, filledAt.duration(to: now).seconds) * rate)
            filledAt = now
        }

        /// Whether a new one would say the same.
        func isSettled(at now: ContinuousClock.Instant, _ limits: TenantLimits) -> Bool {
            guard openCalls == 0, uploadBytes == 0 else { return false }
            guard let rate = limits.requestsPerSecond else { return true }
            return tokens + filledAt.duration(to: now).seconds * rate >= limits.burstSize
        }
    }

    private struct State {
        var accounts: [Tenant: Account] = [:]
        /// Settled accounts are looked for when there are so many.
        var sweepAt = TenantLedger.leastSweep
    }

    private static let leastSweep = 64
    private static let openCallWait = Duration.seconds(1)
    private static let uploadWait = Duration.seconds(2)

    private let limits: @Sendable (Tenant) -> TenantLimits
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(
        limits: @escaping @Sendable (Tenant) -> TenantLimits,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.limits = limits
        self.now = now
    }

    var accountCount: Int { state.withLock { $0.accounts.count } }

    /// Counts a call in.
    ///
    /// - Throws: RESOURCE_EXHAUSTED; it is not counted then.
    func callBegins(_ tenant: Tenant) throws(RPCError) {
        let (limits, now) = (limits(tenant), now())
        let refusal = change(tenant, at: now) { account -> RPCError? in
            if let most = limits.openCalls, account.openCalls >= most {
                return .exhausted(tenant, "open_calls", "\(most) calls at a time", retryAfter: Self.openCallWait)
            }
            if let rate = limits.requestsPerSecond {
                account.fill(to: limits.burstSize, rate: rate, at: now)
                guard account.tokens >= 1 else {
                    let wait = Duration.milliseconds(Int(((1 - account.tokens) / rate * 1000).rounded(.up)))
                    return .exhausted(
                        tenant, "requests_per_second", "\(rate.formatted()) requests a second",
                        retryAfter: max(wait, .milliseconds(1)))
                }
                account.tokens -= 1
            }
            account.openCalls += 1
            return nil
        }
        if let refusal { throw refusal }
    }

    func callEnded(_ tenant: Tenant) {
        change(tenant, at: now()) { $0.openCalls = max(0, $0.openCalls - 1) }
    }

    /// Counts bytes of an upload in.
    ///
    /// - Throws: RESOURCE_EXHAUSTED; they are not counted then.
    func reserve(_ byteCount: Int, for tenant: Tenant) throws(RPCError) {
        let limit = limits(tenant).uploadBytes
        let refusal = change(tenant, at: now()) { account -> RPCError? in
            if let limit, account.uploadBytes + byteCount > limit { return Self.uploadRefusal(tenant, limit) }
            account.uploadBytes += byteCount
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Checks, as an upload begins, that there is room for it.
    ///
    /// - Parameter byteCount: 1 where it is not known.
    func checkRoom(for byteCount: Int, of tenant: Tenant) throws(RPCError) {
        guard let limit = limits(tenant).uploadBytes else { return }
        let taken = state.withLock { $0.accounts[tenant]?.uploadBytes ?? 0 }
        guard taken + byteCount > limit else { return }
        throw Self.uploadRefusal(tenant, limit)
    }

    func release(_ byteCount: Int, of tenant: Tenant) {
        change(tenant, at: now()) { $0.uploadBytes = max(0, $0.uploadBytes - byteCount) }
    }

    private static func uploadRefusal(_ tenant: Tenant, _ limit: Int) -> RPCError {
        .exhausted(tenant, "upload_bytes", "\(limit) bytes of uploads under way", retryAfter: uploadWait)
    }

    @discardableResult
    private func change<Result: Sendable>(
        _ tenant: Tenant, at now: ContinuousClock.Instant, _ body: (inout Account) -> Result
    ) -> Result {
        let (result, isCrowded) = state.withLock { state -> (Result, Bool) in
            let result = body(&state.accounts[tenant, default: Account(filledAt: now)])
            return (result, state.accounts.count >= state.sweepAt)
        }
        if isCrowded { sweep(at: now) }
        return result
    }

    /// Closes the accounts that say nothing. Each account pays for it once, on average.
    private func sweep(at now: ContinuousClock.Instant) {
        let names = state.withLock { Array($0.accounts.keys) }
        let limits = names.map { ($0, self.limits($0)) }
        state.withLock { state in
            for (tenant, limits) in limits where state.accounts[tenant]?.isSettled(at: now, limits) == true {
                state.accounts[tenant] = nil
            }
            state.sweepAt = max(Self.leastSweep, 2 * state.accounts.count)
        }
    }
}

extension RPCError {
    /// - Parameters:
    ///   - limit: As the token file calls it.
    ///   - value: What it allows, for a person.
    static func exhausted(_ tenant: Tenant, _ limit: String, _ value: String, retryAfter: Duration) -> RPCError {
        RPCError(
            .resourceExhausted, "tenant \(tenant) is at its limit \(limit): \(value); try again later",
            retryAfter: retryAfter)
    }
}
