/// Which of a client's servers is tried first, which next, and when.
///
/// A client stays with the server it has while that works. A server that failed lately is tried after all others, until
/// its time is over; each failure in a row doubles that time. When every server has failed, the next round waits for the
/// first of them.
///
/// A value without clock and sockets: the caller says what time it is, in nanoseconds, and brings the dice.
struct AddressBook {
    /// Names a server: `10.0.0.1:7700`, or a path.
    typealias Key = String

    private struct Health {
        /// Attempts to connect that failed in a row.
        var failures = 0
        /// Until then an attempt to connect is not worth while, unless there is no other server.
        var retryAt: UInt64 = 0
        /// Times in a row that it failed after it had been connected to.
        var demotions = 0
        var demotedUntil: UInt64 = 0

        var avoidedUntil: UInt64 { max(retryAt, demotedUntil) }
    }

    let initialBackoff: UInt64
    let maxBackoff: UInt64
    /// In the order in which they are tried while all are well.
    private(set) var keys: [Key] = []
    private var health: [Key: Health] = [:]
    /// The first to try: the server that was connected to last, or the one after it once that has failed.
    private(set) var current: Key?

    init(initialBackoff: Duration, maxBackoff: Duration) {
        self.initialBackoff = initialBackoff.nanoseconds
        self.maxBackoff = max(initialBackoff, maxBackoff).nanoseconds
    }

    /// The servers that there are now. What is known of those that stay is kept.
    mutating func replace(with keys: [Key]) {
        guard keys != self.keys else { return }
        self.keys = keys
        health = health.filter { keys.contains($0.key) }
        if let current, !keys.contains(current) { self.current = nil }
    }

    /// Every server, the best first.
    func order(now: UInt64) -> [Key] {
        let place = current.flatMap { keys.firstIndex(of: $0) } ?? 0
        let ring = Array(keys[place...] + keys[..<place])
        let bad = ring.enumerated().filter { isAvoided($0.element, now: now) }
            .map { (until: avoidedUntil($0.element), place: $0.offset, key: $0.element) }
            .sorted { ($0.until, $0.place) < ($1.until, $1.place) }
        return ring.filter { !isAvoided($0, now: now) } + bad.map(\.key)
    }

    /// When the next round of attempts may begin. Not after `now`: at once.
    var nextRound: UInt64 { keys.map { health[$0]?.retryAt ?? 0 }.min() ?? 0 }

    func isAvoided(_ key: Key, now: UInt64) -> Bool { avoidedUntil(key) > now }

    private func avoidedUntil(_ key: Key) -> UInt64 { health[key]?.avoidedUntil ?? 0 }

    /// Whether one that is connected to should be left: it is not well, and another is.
    func shouldLeave(_ key: Key, now: UInt64) -> Bool {
        isAvoided(key, now: now) && keys.contains { !isAvoided($0, now: now) }
    }

    /// An attempt to connect failed, or the server turned the client away.
    ///
    /// - Parameter jitter: From 0 (half the backoff) to 1 (all of it).
    mutating func failed(_ key: Key, now: UInt64, jitter: Double) {
        guard keys.contains(key) else { return }
        var entry = health[key] ?? Health()
        entry.retryAt = now + backoff(entry.failures, jitter)
        entry.failures += 1
        health[key] = entry
    }

    /// The server said HELLO.
    mutating func connected(_ key: Key) {
        guard keys.contains(key) else { return }
        current = key
        health[key]?.failures = 0
        health[key]?.retryAt = 0
    }

    /// A server that had been connected to drains, died, or answered UNAVAILABLE. It may be tried at once where there is
    /// no other.
    mutating func demote(_ key: Key, now: UInt64, jitter: Double) {
        // The calls of one failure all tell of it.
        guard let place = keys.firstIndex(of: key), !isAvoided(key, now: now) else { return }
        if current == nil || current == key { current = keys[(place + 1) % keys.count] }
        var entry = health[key] ?? Health()
        if now > entry.demotedUntil &+ 2 &* maxBackoff { entry.demotions = 0 }
        entry.demotedUntil = now + backoff(entry.demotions, jitter)
        entry.demotions += 1
        health[key] = entry
    }

    private func backoff(_ failures: Int, _ jitter: Double) -> UInt64 {
        let full = min(initialBackoff << UInt64(min(failures, 20)), maxBackoff)
        return full / 2 + UInt64(Double(full / 2) * jitter)
    }
}
