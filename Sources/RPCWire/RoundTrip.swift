/// The time from a WINDOW to the first DATA that needed it: a round trip, or more where the peer had credit left.
struct RoundTrip: Sendable {
    /// In nanoseconds.
    private(set) var shortest: UInt64?
    private var slot = -1
    private var limit: UInt64 = 0
    private var began: UInt64 = 0

    /// A stream's limit rises. One at a time is watched.
    mutating func begin(_ slot: Int, beyond limit: UInt64, at now: UInt64) {
        guard self.slot < 0 else { return }
        self.slot = slot
        self.limit = limit
        began = now
    }

    mutating func received(_ slot: Int, upTo received: UInt64, at now: UInt64) {
        guard slot == self.slot, received > limit else { return }
        shortest = min(shortest ?? .max, now &- began)
        self.slot = -1
    }

    mutating func streamEnded(_ slot: Int) {
        if slot == self.slot { self.slot = -1 }
    }
}
