/// Counts events and says when there were too many within a time.
struct RateCounter: Sendable {
    private let limit: Int
    private let windowNanoseconds: UInt64
    private var windowStart: UInt64 = 0
    private var count = 0

    init(limit: Int, windowSeconds: UInt64) {
        self.limit = limit
        windowNanoseconds = windowSeconds * 1_000_000_000
    }

    /// Counts one event. True where it is one too many.
    mutating func exceeds(at now: UInt64) -> Bool {
        if now &- windowStart > windowNanoseconds {
            windowStart = now
            count = 0
        }
        count += 1
        return count > limit
    }
}
