internal import DequeModule
package import STTProto

extension ConnectionStateMachine {
    /// Queues the first frame of this side, after the preface where it is a client.
    package mutating func sendHello(_ hello: ControlMessage.Hello) {
        if role == .client { control.append(contentsOf: WireProtocol.preface) }
        appendControl(.hello, hello)
    }

    /// The HELLO's limits that say what this side accepts.
    package var offeredLimits: ControlMessage.Limits {
        ControlMessage.Limits(
            maxMessageBytes: UInt32(clamping: local.maxMessageBytes), maxStreams: UInt32(clamping: local.maxStreams),
            initialWindowBytes: UInt32(clamping: local.initialWindowBytes),
            maxFrameBytes: UInt32(clamping: local.maxFrameBytes))
    }

    /// Client: opens a stream. To be called only where ``canOpenStream``.
    ///
    /// - Parameters:
    ///   - call: The encoded payload of CALL. What calls have in common is encoded once.
    ///   - deadlineMilliseconds: Follows it where it is not 0.
    package mutating func openStream(_ call: [UInt8], deadlineMilliseconds: UInt64 = 0) -> Int {
        precondition(role == .client && canOpenStream)
        let id = highestStream == 0 ? 1 : highestStream + 2
        ControlMessage.Call.appendFrame(
            to: &control, stream: id, call, deadlineMilliseconds: deadlineMilliseconds)
        return makeStream(id: id)
    }

    /// The longest message that may be sent to this peer.
    package var maxOutboundMessageBytes: Int { min(local.maxOutboundMessageBytes, remote.maxMessageBytes) }

    /// Queues a message.
    ///
    /// - Parameter endsSending: Client: it is the last.
    package mutating func queueMessage(_ slot: Int, _ bytes: SharedBytes, endsSending: Bool = false) {
        guard streams[slot].isOpen, !streams[slot].isDoneSending else { return }
        if endsSending { queueLastMessage(slot, bytes) } else { queue(slot, bytes, endsSending: false) }
    }

    mutating func queue(_ slot: Int, _ bytes: SharedBytes, endsSending: Bool) {
        streams[slot].queue.append(.init(bytes: bytes, endsSending: endsSending, isOnlyEnd: false))
        streams[slot].queuedBytes += bytes.count + FrameHeader.byteCount
        queuedOutputBytes += bytes.count + FrameHeader.byteCount
        streams[slot].isDoneSending = endsSending
        enterRing(slot)
    }

    /// Client: says that no message follows.
    package mutating func queueEndOfMessages(_ slot: Int) {
        guard streams[slot].isOpen, !streams[slot].isDoneSending else { return }
        streams[slot].queue.append(.init(bytes: SharedBytes([]), endsSending: true, isOnlyEnd: true))
        streams[slot].isDoneSending = true
        enterRing(slot)
    }

    /// Server: ends a stream after what is queued. nil is OK.
    package mutating func queueEnd(_ slot: Int, _ error: RPCError?) {
        guard streams[slot].isOpen, !streams[slot].isDoneSending else { return }
        streams[slot].isDoneSending = true
        streams[slot].endPayload = error.map(encodeEnd) ?? []
        enterRing(slot)
    }

    /// Server: ends a stream at once; what is queued is dropped.
    package mutating func endNow(_ slot: Int, _ error: RPCError) {
        guard streams[slot].isOpen else { return }
        if !hasWrittenEnd(slot) {
            control.appendFrame(.end, stream: streams[slot].id, payload: encodeEnd(error))
        }
        closeOnWire(slot)
    }

    /// Client: gives a stream up.
    package mutating func cancel(_ slot: Int, _ code: StatusCode) {
        guard streams[slot].isOpen else { return }
        appendControl(.cancel, stream: streams[slot].id, ControlMessage.Cancel(code: code.rawValue))
        closeOnWire(slot)
    }

    /// Server: the handler has returned. The slot is free once the stream is over on the wire, too.
    package mutating func handlerReturned(_ slot: Int) {
        streams[slot].isHandled = false
        freeIfOver(slot)
    }

    /// Asks to be told, through ``OutputBatch/unblocked``, when at most `bytes` of the stream wait.
    package mutating func wakeSender(_ slot: Int, at bytes: Int) {
        streams[slot].wakeAt = Int32(clamping: bytes)
        if directBytes(slot) > 0 { directWaiters.append(slot) }
    }

    package mutating func sendPing(_ value: UInt64) {
        control.appendFrame(.ping, payload: withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) })
    }

    /// Says that streams above the highest one so far are not accepted.
    package mutating func sendGoAway(_ reason: CloseReason, _ message: String, graceMilliseconds: UInt64 = 0) {
        if role == .server { lastAcceptedStream = lastAcceptedStream ?? highestStream }
        let goAway = ControlMessage.GoAway(
            lastStream: role == .server ? lastAcceptedStream ?? 0 : 0, reason: reason.rawValue,
            message: message.prefixOfBytes(WireProtocol.maxStatusMessageBytes), graceMilliseconds: graceMilliseconds)
        appendControl(.goAway, goAway)
    }

    /// Moves up to `maxBytes` of output into a batch: control frames first, then one DATA frame of each stream in turn.
    package mutating func fill(_ batch: inout OutputBatch, maxBytes: Int) {
        if !control.isEmpty {
            usualControlBytes = control.count > Self.maxDirectBytes ? control.count : 0
            batch.append(moving: &control)
            fills &+= 1
            if !ended.isEmpty { closeEnded() }
            if !directWaiters.isEmpty { unblockDirectWaiters(&batch) }
        }
        while batch.byteCount < maxBytes, let slot = ring.popFirst() {
            streams[slot].isInRing = false
            guard canSend(slot) else { continue }
            sendFrame(slot, &batch)
            enterRing(slot)
        }
    }

    private mutating func sendFrame(_ slot: Int, _ batch: inout OutputBatch) {
        let id = streams[slot].id
        guard let head = streams[slot].queue.first else {
            if let payload = streams[slot].endPayload {
                batch.append(FrameHeader(length: payload.count, type: FrameType.end.rawValue, stream: id))
                batch.append(SharedBytes(payload), 0..<payload.count)
                closeOnWire(slot)
            }
            return
        }
        if head.isOnlyEnd {
            batch.append(
                FrameHeader(length: 0, type: FrameType.data.rawValue, flags: [.endSend, .noMessage], stream: id))
            streams[slot].queue.removeFirst()
            return
        }
        let credit = Int(clamping: streams[slot].peerLimit - streams[slot].sent) - FrameHeader.byteCount
        let left = head.bytes.count - head.sent
        let length = min(left, credit, remote.maxFrameBytes)
        var flags: FrameFlags = []
        if length < left { flags.insert(.more) } else if head.endsSending { flags.insert(.endSend) }
        batch.append(FrameHeader(length: length, type: FrameType.data.rawValue, flags: flags, stream: id))
        batch.append(head.bytes, head.sent..<head.sent + length)
        streams[slot].sent += UInt64(length + FrameHeader.byteCount)
        streams[slot].queuedBytes -= length
        queuedOutputBytes -= length
        idleFrames.pay(for: IdleFrames.perSentFrame)
        if length < left {
            streams[slot].queue[0].sent += length
        } else {
            streams[slot].queuedBytes -= FrameHeader.byteCount
            queuedOutputBytes -= FrameHeader.byteCount
            streams[slot].queue.removeFirst()
            if streams[slot].queue.isEmpty { streams[slot].queue = [] }
        }
        if streams[slot].queuedBytes <= Int(streams[slot].wakeAt) {
            streams[slot].wakeAt = -1
            batch.unblocked.append(slot)
        }
    }

    mutating func appendControl(_ type: FrameType, stream: UInt32 = 0, _ message: some ProtoMessage) {
        do throws(ProtoError) {
            control.appendFrame(type, stream: stream, payload: try message.encode())
        } catch {
            // Only a NUL in a string of this side's own making gets here.
            preconditionFailure("cannot encode a control frame: \(error)")
        }
    }
}

/// The payload of END for an error. What is too long for a frame is shortened; a NUL, which a string field cannot
/// carry, becomes a space.
func encodeEnd(_ error: RPCError) -> [UInt8] {
    let retryAfter = error.retryAfter.map { $0.components }
    let milliseconds = retryAfter.map {
        max(1, UInt64(clamping: $0.seconds * 1000 + $0.attoseconds / 1_000_000_000_000_000))
    }
    let end = ControlMessage.End(
        code: error.code.rawValue, message: error.message.prefixOfBytes(WireProtocol.maxStatusMessageBytes),
        details: Array(error.details.prefix(WireProtocol.maxDetailsBytes)),
        retryAfterMilliseconds: milliseconds ?? 0)
    do throws(ProtoError) {
        return try end.encode()
    } catch {
        preconditionFailure("cannot encode END: \(error)")
    }
}

extension String {
    /// The longest prefix of whole characters that fits, with each NUL turned into a space.
    func prefixOfBytes(_ count: Int) -> String {
        var text = utf8.contains(0) ? String(map { $0 == "\0" ? " " : $0 }) : self
        while text.utf8.count > count { text.removeLast(max(1, (text.utf8.count - count) / 4)) }
        return text
    }
}

/// A GOAWAY to a peer that gets nothing else.
package func goAwayFrame(_ reason: CloseReason, _ message: String) -> [UInt8] {
    var machine = ConnectionStateMachine(role: .server, local: WireLimits())
    machine.sendGoAway(reason, message)
    return machine.control
}
