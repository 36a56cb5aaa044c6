internal import STTProto

extension ConnectionStateMachine {
    /// Gives credit back for a message that was used up or thrown away.
    ///
    /// - Parameters:
    ///   - flow: As the event of the message's last fragment said.
    ///   - isRetained: The message stays in memory until the stream is over. It earns no credit, and counts as held for
    ///     as long.
    package mutating func consumed(_ slot: Int, flow: UInt64, isRetained: Bool = false) {
        if isRetained {
            streams[slot].retained += flow
        } else {
            streams[slot].consumed += flow
            advertise(slot, assembled: mayHoldMore(slot) ? streams[slot].assemblingFlow : streams[slot].reserved)
        }
        accountHeld(slot)
    }

    /// Whether the message in assembly may get the credit that it needs to go on.
    func mayHoldMore(_ slot: Int) -> Bool {
        let others = heldBytes - streams[slot].held
        return others + streams[slot].assemblingFlow <= UInt64(local.maxHeldBytes)
    }

    /// Whether the peer can send another byte on a stream.
    func hasCreditLeft(_ slot: Int) -> Bool {
        streams[slot].received + UInt64(FrameHeader.byteCount) < streams[slot].advertisedLimit
    }

    /// What a stream may take beyond its window: credit that is given, or promised, and not used up, and what is retained.
    mutating func accountHeld(_ slot: Int) {
        let window = UInt64(local.initialWindowBytes)
        let used = streams[slot].consumed
        let given =
            streams[slot].isOpen ? max(streams[slot].advertisedLimit, used + window + streams[slot].reserved) - used : 0
        let held = max(given, streams[slot].retained, window) - window
        heldBytes = heldBytes - streams[slot].held + held
        streams[slot].held = held
    }

    /// Tells the peer about more credit where it is worth a frame.
    ///
    /// The limit is what was consumed, what is in assembly, and a window. A message in assembly earns its own credit, so
    /// one that is larger than the window still arrives; it is bounded by the message limit.
    ///
    /// - Parameter assembled: As much of what is in assembly as may be held.
    mutating func advertise(_ slot: Int, assembled: UInt64) {
        guard streams[slot].isOpen, !streams[slot].peerIsDone else { return }
        let window = UInt64(local.initialWindowBytes)
        let limit = streams[slot].consumed + assembled + window
        guard limit >= streams[slot].advertisedLimit + window / 2 else { return }
        streams[slot].advertisedLimit = limit
        accountHeld(slot)
        ControlMessage.Window(limit: limit).appendFrame(to: &control, stream: streams[slot].id)
    }

    /// A repeated or lower limit changes nothing.
    mutating func raisePeerLimit(_ slot: Int, to limit: UInt64) {
        guard limit > streams[slot].peerLimit else { return }
        streams[slot].peerLimit = limit
        enterRing(slot)
    }

    /// Puts a stream in line where it has something that it may send.
    mutating func enterRing(_ slot: Int) {
        guard !streams[slot].isInRing, canSend(slot) else { return }
        streams[slot].isInRing = true
        ring.append(slot)
    }

    func canSend(_ slot: Int) -> Bool {
        guard streams[slot].isOpen else { return false }
        guard let head = streams[slot].queue.first else { return streams[slot].endPayload != nil }
        if head.isOnlyEnd { return true }
        let payload = head.bytes.count > head.sent ? 1 : 0
        return streams[slot].sent + UInt64(FrameHeader.byteCount + payload) <= streams[slot].peerLimit
    }
}
