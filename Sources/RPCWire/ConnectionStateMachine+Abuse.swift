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

/// Whether a protobuf message has no more fields than a CALL may have. What is malformed is left to the decoder.
func hasFewFields(_ message: UnsafeRawBufferPointer) -> Bool {
    var (at, count) = (0, 0)
    func varint() -> UInt64? {
        var (value, shift) = (UInt64(0), UInt64(0))
        while at < message.count, shift < 64 {
            let byte = message[at]
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
    while at < message.count {
        count += 1
        guard count <= WireProtocol.maxCallFields else { return false }
        guard let tag = varint() else { return true }
        switch tag & 7 {
        case 0: guard varint() != nil else { return true }
        case 1: at += 8
        case 5: at += 4
        case 2:
            guard let length = varint(), length <= UInt64(message.count - at) else { return true }
            at += Int(length)
        default: return true
        }
    }
    return true
}
