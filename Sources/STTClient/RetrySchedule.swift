internal import RPCClient

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

    init(patience: Duration, initialBackoff: Duration, maxBackoff: Duration) {
        self.patience = patience
        self.initialBackoff = initialBackoff
        self.maxBackoff = maxBackoff
    }

    /// The server answered: a later failure starts a new outage.
    mutating func progressed() {
        outageBegan = nil
        attempts = 0
    }

    struct Wait: Equatable {
        var delay: Duration
        var remaining: Duration
    }

    /// - Parameters:
    ///   - jitter: From 0 (the whole backoff) to 1 (half of it).
    /// - Returns: How long to wait for the next attempt; `nil` where the error is not one that passes, or the patience
    ///   is at its end.
    mutating func wait(after error: RPCError, now: Instant, jitter: Double) -> Wait? {
        guard Self.isWorthRepeating(error) else { return nil }
        let began = outageBegan ?? now
        outageBegan = began
        let remaining = patience - began.duration(to: now)
        guard remaining > .zero else { return nil }
        let doublings = min(attempts, 20)
        let backoff = min(maxBackoff, initialBackoff * (1 << doublings)) * (1 - jitter / 2)
        attempts += 1
        return Wait(delay: min(max(backoff, error.retryAfter ?? .zero), remaining), remaining: remaining)
    }

    /// Whether the same call may succeed a moment later. A certificate that is not trusted is not so then, either.
    static func isWorthRepeating(_ error: RPCError) -> Bool { error.code == .unavailable && !error.isUntrusted }
}
