// A short message that is the only one of its direction goes straight into the output, where its frames lie beside those of
// other calls. It needs neither a queue of its stream, which is three allocations a call, nor turns in the ring.

extension ConnectionStateMachine {
    /// Longer ones wait for their turn among the streams.
    static let maxDirectBytes = 8 * 1024
    /// A peer that does not read makes replies wait in their streams, whose number is bounded, once so much is here.
    static let maxDirectOutput = 64 * 1024

    /// A stream of short messages gets so much of the output, until it goes out; then it is the others' turn.
    package static let directShareBytes = 48 * 1024

    /// What of the stream lies in the output.
    func directBytes(_ slot: Int) -> Int {
        streams[slot].directFill == fills ? Int(streams[slot].directBytes) : 0
    }

    /// Whether a short message of a stream of any number may be written now.
    package func takesDirectly(_ slot: Int) -> Bool {
        streams[slot].isOpen && !streams[slot].isDoneSending && isDirect(slot, 0)
    }

    /// Writes a message of a stream of any number, where that can be done now.
    ///
    /// - Returns: False where it has to be queued.
    package mutating func sendDirectly(_ slot: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard takesDirectly(slot), isDirect(slot, bytes.count), bytes.count <= maxOutboundMessageBytes else {
            return false
        }
        let total = FrameHeader.byteCount + bytes.count
        if control.isEmpty, usualControlBytes > 0 { control.reserveCapacity(usualControlBytes) }
        let header = FrameHeader(length: bytes.count, type: FrameType.data.rawValue, stream: streams[slot].id)
        header.write(to: &control)
        control.append(contentsOf: bytes)
        streams[slot].sent += UInt64(total)
        streams[slot].directBytes = UInt32(clamping: directBytes(slot) + total)
        streams[slot].directFill = fills
        idleFrames.pay(for: IdleFrames.perSentFrame)
        return true
    }

    /// Once what they wrote has gone out.
    mutating func unblockDirectWaiters(_ batch: inout OutputBatch) {
        for slot in directWaiters where streams[slot].queuedBytes <= Int(streams[slot].wakeAt) {
            streams[slot].wakeAt = -1
            batch.unblocked.append(slot)
        }
        directWaiters.removeAll(keepingCapacity: directWaiters.count <= 128)
    }

    /// Whether a message may be written now as one frame.
    private func isDirect(_ slot: Int, _ count: Int) -> Bool {
        count <= min(Self.maxDirectBytes, remote.maxFrameBytes) && control.count <= Self.maxDirectOutput
            && streams[slot].queue.isEmpty
            && streams[slot].sent + UInt64(count + FrameHeader.byteCount) <= streams[slot].peerLimit
    }

    private mutating func writeDirectly(_ slot: Int, _ bytes: SharedBytes, flags: FrameFlags) {
        control.appendFrame(.data, flags: flags, stream: streams[slot].id, payload: bytes.bytes)
        streams[slot].sent += UInt64(bytes.count + FrameHeader.byteCount)
        idleFrames.pay(for: IdleFrames.perSentFrame)
    }

    /// Client: queues the last message of a stream.
    mutating func queueLastMessage(_ slot: Int, _ bytes: SharedBytes) {
        if isDirect(slot, bytes.count) {
            writeDirectly(slot, bytes, flags: .endSend)
            streams[slot].isDoneSending = true
        } else {
            queue(slot, bytes, endsSending: true)
        }
    }

    /// Server: queues the one reply of a call and ends it with OK.
    package mutating func queueReply(_ slot: Int, _ bytes: SharedBytes) {
        guard streams[slot].isOpen, !streams[slot].isDoneSending else { return }
        if isDirect(slot, bytes.count) {
            writeDirectly(slot, bytes, flags: [])
            FrameHeader(length: 0, type: FrameType.end.rawValue, stream: streams[slot].id).write(to: &control)
            streams[slot].isDoneSending = true
            ended.append(streams[slot].id)
        } else {
            queue(slot, bytes, endsSending: false)
            queueEnd(slot, nil)
        }
    }

    /// Whether END is in the output already.
    func hasWrittenEnd(_ slot: Int) -> Bool {
        role == .server && streams[slot].isDoneSending && streams[slot].endPayload == nil
    }

    /// Closes the streams whose END goes out now. Until then a CANCEL still meets them, and counts.
    mutating func closeEnded() {
        for stream in ended {
            if let slot = slotOfStream[stream] { closeOnWire(slot) }
        }
        ended.removeAll(keepingCapacity: true)
    }
}
