extension ConnectionStateMachine {
    /// Counts a stream that the peer gave up, or made this side give up.
    package mutating func countReset(_ now: UInt64) {
        guard role == .server, resets.exceeds(at: now), abuse == nil else { return }
        abuse = ConnectionError(.abuse, "too many streams were given up in a short time")
    }

    /// Counts a frame that brings nothing, or so little that only traffic justifies it. A client trusts its server.
    mutating func countIdle(_ now: UInt64) throws(ConnectionError) {
        guard role == .server, idleFrames.exceeds(at: now) else { return }
        throw ConnectionError(.abuse, "too many frames that bring nothing")
    }

    /// A stream is over for this side while the peer may still have credit for it.
    mutating func expectLateData(_ credit: UInt64) {
        guard role == .server else { return }
        // Besides, the end of its messages, which costs no credit.
        lateCredit = min(lateCredit + credit + UInt64(FrameHeader.byteCount), 1 << 62)
    }

    /// DATA of a stream that is over was under way. There can be no more of it than the peer had credit for.
    mutating func receiveLateData(_ header: FrameHeader) throws(ConnectionError) {
        guard role == .server else { return }
        let cost = UInt64(header.length) + UInt64(FrameHeader.byteCount)
        guard cost <= lateCredit else {
            throw ConnectionError(.flowControl, "DATA of streams that are over, beyond the credit that they had")
        }
        lateCredit -= cost
    }
}
