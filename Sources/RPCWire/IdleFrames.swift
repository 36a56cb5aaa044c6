/// Counts frames that bring nothing against the traffic that may call for them.
///
/// A peer may have reason to send such frames: a WINDOW after each message that it used up, a CANCEL that crosses with
/// END. So each CALL and each DATA frame pays for some; without any there is a number of them for each time.
struct IdleFrames: Sendable {
    static let perCall = 4
    static let perSentFrame = 2
    /// So many may be paid for ahead.
    private static let mostPaid = 100_000

    private var counter: RateCounter
    private var paid = 0

    init(limit: Int, windowSeconds: UInt64) {
        counter = RateCounter(limit: limit, windowSeconds: windowSeconds)
    }

    mutating func pay(for count: Int) {
        if paid < Self.mostPaid { paid += count }
    }

    /// Counts one frame. True where it is one too many.
    mutating func exceeds(at now: UInt64) -> Bool {
        if paid > 0 {
            paid -= 1
            return false
        }
        return counter.exceeds(at: now)
    }
}
