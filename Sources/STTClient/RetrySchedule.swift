internal import RPCClient
internal import STTProto

/// When a call is repeated, and when it is given up.
///
/// A value without a clock: the caller says what time it is.
struct RetrySchedule {
    typealias Instant = ContinuousClock.Instant

    let patience: Duration
    let initialBackoff: Duration
    let maxBackoff: Duration

    private var outageBegan: Instant?
    private(set) var attempts = 0
    /// In this outage a draining server has sent the caller on already.
    private var hasMovedOn = false

    init(patience: Duration, initialBackoff: Duration, maxBackoff: Duration) {
        self.patience = patience
        self.initialBackoff = initialBackoff
        self.maxBackoff = maxBackoff
    }

    /// The server answered: a later failure starts a new outage.
    mutating func progressed() {
        outageBegan = nil
        attempts = 0
        hasMovedOn = false
    }

    struct Wait: Equatable {
        var delay: Duration
        var remaining: Duration
    }

    /// - Parameters:
    ///   - jitter: From 0 (the whole backoff) to 1 (half of it).
    /// - Returns: How long to wait for the next attempt; `nil` where the error is not one that passes, or the patience
    ///   is at its end or would be before the server's wish is granted. A server that drains is left without a wait.
    mutating func wait(after error: RPCError, now: Instant, jitter: Double) -> Wait? {
        guard Self.isWorthRepeating(error) else { return nil }
        let began = outageBegan ?? now
        outageBegan = began
        let remaining = patience - began.duration(to: now)
        guard remaining > .zero else { return nil }
        if !hasMovedOn, Self.isDrain(error) {
            hasMovedOn = true
            return Wait(delay: .zero, remaining: remaining)
        }
        if error.code == .resourceExhausted, let wish = error.retryAfter, wish > remaining { return nil }
        let doublings = min(attempts, 20)
        let backoff = min(maxBackoff, initialBackoff * (1 << doublings)) * (1 - jitter / 2)
        attempts += 1
        return Wait(delay: min(max(backoff, error.retryAfter ?? .zero), remaining), remaining: remaining)
    }

    /// Whether the same call may succeed a moment later: the server cannot serve now, or a bound is reached and the server
    /// says when to try again. A certificate that is not trusted is not so a moment later, either.
    static func isWorthRepeating(_ error: RPCError) -> Bool {
        (error.code == .unavailable && !error.isUntrusted)
            || (error.code == .resourceExhausted && error.retryAfter != nil)
    }

    private static func isDrain(_ error: RPCError) -> Bool {
        guard error.code == .unavailable, !error.details.isEmpty else { return false }
        return (try? JobError.decode(error.details))?.code == JobError.draining
    }
}
