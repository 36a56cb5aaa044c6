/// Whether a loop looks for the next event a few times before it goes to sleep.
///
/// Between a client and a server that exchange one short message at a time, most of a call's time goes by while the kernel
/// puts a thread to sleep and wakes it. A loop that has handled no more than that, and whose last events followed each other
/// closely, looks again for some microseconds. One with more to do, or with long pauses, never does: it would take the
/// processor from others, or from nobody for nothing.
struct EagerWaiting {
    /// How long it looks.
    static let nanoseconds: UInt64 = 30_000
    /// A turn that read more than this had several calls to handle.
    private static let mostBytes = 1024
    /// A pause up to this may have been mostly sleeping and waking.
    private static let shortPause: UInt64 = 150_000
    private static let mostSkipped = 1024

    private var isQuick = false
    /// Opportunities that are passed over, after looking was in vain.
    private var skip = 0
    private var nextSkip = 8

    mutating func isEager(afterReading bytes: Int) -> Bool {
        guard isQuick, bytes > 0, bytes <= Self.mostBytes else { return false }
        if skip == 0 { return true }
        skip -= 1
        return false
    }

    /// - Parameters:
    ///   - nanoseconds: How long nothing happened.
    ///   - hasPaid: Whether an event came while it looked; nil where it did not look.
    mutating func waited(_ nanoseconds: UInt64, hasPaid: Bool?) {
        isQuick = nanoseconds <= Self.shortPause
        switch hasPaid {
        case nil: break
        case true?: nextSkip = 8
        case false?:
            skip = nextSkip
            nextSkip = min(2 * nextSkip, Self.mostSkipped)
        }
    }
}
