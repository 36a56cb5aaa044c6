internal import STTProto

extension ConnectionStateMachine {
    /// A window that the application takes longer for does not grow, and one that it takes ten times as long for is halved.
    private static let windowGrowthMicroseconds: UInt32 = 500_000
    /// Beyond this a window grows only where the path asks for it. More data under way than that falls out of the caches (an
    /// upload over loopback: 1,360 MiB/s with 512 KiB, 790 with 4 MiB).
    private static let ampleWindowBytes = 512 * 1024

    /// Gives credit back for a message that was used up or thrown away.
    ///
    /// - Parameters:
    ///   - flow: As the event of the message's last fragment said.
    ///   - isRetained: The message stays in memory until the stream is over. It earns no credit, and counts as held for
    ///     as long.
    package mutating func consumed(_ slot: Int, flow: UInt64, isRetained: Bool = false) {
        // Of a stream that is over and free nothing is counted any more.
        guard streams[slot].id != 0 else { return }
        streams[slot].consumed += flow
        if isRetained { streams[slot].retained += flow } else { inboundBytes -= Int(flow) }
        if !streams[slot].peerIsDone {
            streams[slot].windowUsed &+= UInt32(truncatingIfNeeded: flow)
            fitWindow(slot)
        }
        advertise(slot)
        accountHeld(slot)
        if isStarved(slot) { starved.append(slot) }
    }

    /// Whether ``takeStarved()`` may have any.
    package var hasStarved: Bool { !starved.isEmpty }

    /// Streams in the middle of a message that can get no credit for the rest, for the connection holds all that it may.
    /// They are to be ended.
    package mutating func takeStarved() -> [Int] {
        var slots = starved
        starved = []
        slots.removeAll { !isStarved($0) }
        for _ in slots { countReset(clock) }
        return slots
    }

    /// Nothing is left whose consumption would bring more credit.
    private func isStarved(_ slot: Int) -> Bool {
        streams[slot].isMidMessage && !hasCreditLeft(slot) && streams[slot].isOpen
            && streams[slot].consumed + streams[slot].assemblingFlow == streams[slot].received
    }

    /// Grows or shrinks the window to what the application consumes. A window that lasts less than two round trips keeps
    /// the peer waiting. All streams together may grow by a quarter of what the connection may hold.
    private mutating func fitWindow(_ slot: Int) {
        let window = Int(streams[slot].windowBytes)
        guard streams[slot].windowUsed >= window else { return }
        let now = microseconds
        let elapsed = now &- streams[slot].windowMarkTime
        streams[slot].windowUsed = 0
        streams[slot].windowMarkTime = now
        if elapsed >= 10 * Self.windowGrowthMicroseconds {
            setWindow(slot, max(window / 2, local.initialWindowBytes))
        } else if elapsed <= Self.windowGrowthMicroseconds,
            window < Self.ampleWindowBytes || UInt64(elapsed) * 1000 < 2 * (roundTrip.shortest ?? 0),
            2 * window <= local.maxWindowBytes, grownBytes + window <= local.maxHeldBytes / 4
        {
            setWindow(slot, 2 * window)
        }
    }

    /// The time, for differences: it begins anew after 71 minutes.
    var microseconds: UInt32 { UInt32(truncatingIfNeeded: clock / 1000) }

    /// What was promised stays promised: a smaller window shows in the limits to come.
    mutating func setWindow(_ slot: Int, _ bytes: Int) {
        grownBytes += bytes - Int(streams[slot].windowBytes)
        streams[slot].windowBytes = UInt32(clamping: bytes)
    }

    /// Whether the message in assembly may get the credit that it needs to go on. What the window has grown is given up
    /// first.
    mutating func mayHoldMore(_ slot: Int) -> Bool {
        let needed = heldBytes - streams[slot].held + streams[slot].retained + streams[slot].assemblingFlow
        let limit = UInt64(local.maxHeldBytes)
        if needed + UInt64(Int(streams[slot].windowBytes) - local.initialWindowBytes) <= limit { return true }
        setWindow(slot, local.initialWindowBytes)
        return needed <= limit
    }

    /// Whether the peer can send another byte on a stream.
    func hasCreditLeft(_ slot: Int) -> Bool {
        streams[slot].received + UInt64(FrameHeader.byteCount) < streams[slot].advertisedLimit
    }

    /// What a stream holds: its credit that is not used up and what it retains, beyond one initial window. So a request that
    /// came within that window holds nothing more, but the window is not opened again for nothing, either.
    mutating func accountHeld(_ slot: Int) {
        let promised = streams[slot].retained + streams[slot].advertisedLimit
        let free = streams[slot].consumed + UInt64(local.initialWindowBytes)
        let held = streams[slot].isOpen && promised > free ? promised - free : 0
        heldBytes = heldBytes - streams[slot].held + held
        streams[slot].held = held
    }

    /// Tells the peer about more credit where it is worth a frame.
    ///
    /// The limit is what was consumed, what is in assembly, and a window. A message in assembly earns its own credit, so
    /// one that is larger than the window still arrives; it is bounded by the message limit. Never is more given than the
    /// connection may hold.
    mutating func advertise(_ slot: Int) {
        guard streams[slot].isOpen, !streams[slot].peerIsDone else { return }
        let window = UInt64(streams[slot].windowBytes)
        let taken = heldBytes - streams[slot].held + streams[slot].retained
        let beyond = streams[slot].assemblingFlow + window - UInt64(local.initialWindowBytes)
        // Less than the initial window is left where requests that are retained take more than there is.
        let most = streams[slot].consumed + UInt64(local.initialWindowBytes + local.maxHeldBytes)
        guard most > taken else { return }
        let limit = min(streams[slot].consumed + UInt64(local.initialWindowBytes) + beyond, most - taken)
        guard limit >= streams[slot].advertisedLimit + window / 2 else { return }
        roundTrip.begin(slot, beyond: streams[slot].advertisedLimit, at: clock)
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
