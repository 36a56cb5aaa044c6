internal import STTProto

extension ConnectionStateMachine {
    /// Takes a frame whose header was admitted.
    ///
    /// - Parameter now: A monotonic clock, in nanoseconds.
    /// - Throws: ``ConnectionError`` where the connection must end.
    package mutating func receive(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        clock = now
        guard let type = FrameType(rawValue: frame.header.type) else {
            try countIdle(now)
            return .nothing
        }
        switch type {
        case .hello: return try receiveHello(frame)
        case .call: return try receiveCall(frame, now: now)
        case .data: return try receiveData(frame.header, now: now)
        case .end: return receiveEnd(frame)
        case .cancel: return try receiveCancel(frame, now: now)
        case .window: return try receiveWindow(frame, now: now)
        case .ping: return try receivePing(frame, now: now)
        case .goAway: return try receiveGoAway(frame, now: now)
        }
    }

    private mutating func receiveHello(_ frame: Frame) throws(ConnectionError) -> InboundEvent {
        guard !isHelloReceived else { throw ConnectionError(.protocolError, "a second HELLO") }
        let hello: ControlMessage.Hello = try decodeControl(frame)
        guard hello.versionMin <= WireProtocol.version, hello.versionMax >= WireProtocol.version else {
            throw ConnectionError(
                .versionMismatch,
                "the peer speaks versions \(hello.versionMin) to \(hello.versionMax), this side \(WireProtocol.version)"
            )
        }
        let floor = WireLimits.smallest
        remote.maxMessageBytes = try offered(hello.limits.maxMessageBytes, floor.maxMessageBytes)
        remote.maxStreams = try offered(hello.limits.maxStreams, floor.maxStreams)
        remote.initialWindowBytes = try offered(hello.limits.initialWindowBytes, floor.initialWindowBytes)
        remote.maxFrameBytes = try offered(hello.limits.maxFrameBytes, floor.maxFrameBytes)
        remote.keepaliveFloorMilliseconds = hello.keepaliveFloorMilliseconds
        isHelloReceived = true
        for slot in streams.indices where streams[slot].isOpen {
            raisePeerLimit(slot, to: UInt64(remote.initialWindowBytes))
        }
        return .hello(hello)
    }

    private func offered(_ value: UInt32, _ floor: Int) throws(ConnectionError) -> Int {
        if value == 0 { return floor }
        guard Int(value) >= floor else {
            throw ConnectionError(.protocolError, "a limit of HELLO is \(value), below the protocol's \(floor)")
        }
        return Int(value)
    }

    private mutating func receiveCall(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        let id = frame.header.stream
        if lastAcceptedStream != nil {
            try countIdle(now)
            highestStream = id
            expectLateData(UInt64(local.initialWindowBytes))
            return .nothing
        }
        idleFrames.pay(for: IdleFrames.perCall)
        guard streamCount < local.maxStreams else {
            return refuse(id, .resourceExhausted, "the connection has \(local.maxStreams) calls open already", now)
        }
        guard frame.payload.count <= WireProtocol.shortCall || hasFewFields(frame.payload) else {
            return refuse(id, .invalidArgument, "a CALL of more than \(WireProtocol.maxCallFields) fields", now)
        }
        let call: ControlMessage.Call
        do throws(ProtoError) {
            call = try ControlMessage.Call.read(frame.payload, likelyMethod: lastMethod)
        } catch {
            return refuse(id, .invalidArgument, "malformed CALL: \(error)", now)
        }
        let metadataBytes = call.metadata.reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
        guard call.metadata.count <= WireProtocol.maxMetadataEntries else {
            return refuse(
                id, .invalidArgument, "metadata of more than \(WireProtocol.maxMetadataEntries) entries", now)
        }
        guard metadataBytes <= Metadata.maxBytes else {
            return refuse(id, .invalidArgument, "metadata of more than \(Metadata.maxBytes) bytes", now)
        }
        if call.method.utf8.count <= 128 { lastMethod = call.method }
        let slot = makeStream(id: id)
        streams[slot].callBytes = UInt16(clamping: frame.payload.count)
        inboundBytes += Int(streams[slot].callBytes)
        return .call(slot: slot, call)
    }

    private mutating func refuse(_ id: UInt32, _ code: StatusCode, _ message: String, _ now: UInt64) -> InboundEvent {
        highestStream = id
        expectLateData(UInt64(local.initialWindowBytes))
        control.appendFrame(.end, stream: id, payload: encodeEnd(RPCError(code, message)))
        countReset(now)
        return .nothing
    }

    private mutating func receiveData(_ header: FrameHeader, now: UInt64) throws(ConnectionError) -> InboundEvent {
        guard let slot = slotOfStream[header.stream] else {
            try receiveLateData(header)
            return .nothing
        }
        guard !streams[slot].peerIsDone else {
            throw ConnectionError(.protocolError, "DATA on stream \(header.stream) after END_SEND")
        }
        if header.flags.contains(.noMessage) {
            guard !streams[slot].isMidMessage else {
                throw ConnectionError(.protocolError, "END_SEND within a message")
            }
            streams[slot].peerIsDone = true
            return .endOfMessages(slot: slot)
        }
        let length = Int(header.length)
        let isLast = !header.flags.contains(.more)
        if length == 0, !isLast, emptyFrames.exceeds(at: now) {
            throw ConnectionError(.abuse, "too many DATA frames that bring nothing")
        }
        let flow = UInt64(length + FrameHeader.byteCount)
        guard streams[slot].received + flow <= streams[slot].advertisedLimit else {
            throw ConnectionError(.flowControl, "DATA beyond the credit of stream \(header.stream)")
        }
        streams[slot].received += flow
        inboundBytes += Int(flow)
        roundTrip.received(slot, upTo: streams[slot].received, at: now)
        streams[slot].assemblingFlow += flow
        let assembled = Int(streams[slot].assemblingBytes) + length
        streams[slot].assemblingBytes = UInt32(clamping: assembled)
        guard assembled <= local.maxMessageBytes else {
            countReset(now)
            return .messageTooLarge(slot: slot)
        }
        let isFirst = !streams[slot].isMidMessage
        streams[slot].isMidMessage = !isLast
        streams[slot].peerIsDone = header.flags.contains(.endSend)
        guard isLast else {
            if mayHoldMore(slot) {
                advertise(slot)
            } else if !hasCreditLeft(slot) {
                countReset(now)
                return .tooMuchHeld(slot: slot)
            }
            return .data(slot: slot, isLastFragment: false, isFirstFragment: isFirst, endsSending: false, flow: 0)
        }
        let messageFlow = streams[slot].assemblingFlow
        streams[slot].assemblingFlow = 0
        streams[slot].assemblingBytes = 0
        return .data(
            slot: slot, isLastFragment: true, isFirstFragment: isFirst, endsSending: streams[slot].peerIsDone,
            flow: messageFlow)
    }

    private mutating func receiveEnd(_ frame: Frame) -> InboundEvent {
        guard let slot = slotOfStream[frame.header.stream] else { return .nothing }
        closeOnWire(slot)
        do throws(ProtoError) {
            return .end(slot: slot, try ControlMessage.End.read(frame.payload))
        } catch {
            let end = ControlMessage.End(code: StatusCode.internalError.rawValue, message: "malformed END: \(error)")
            return .end(slot: slot, end)
        }
    }

    private mutating func receiveCancel(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        guard let slot = slotOfStream[frame.header.stream] else {
            try countIdle(now)
            return .nothing
        }
        closeOnWire(slot)
        countReset(now)
        do throws(ProtoError) {
            return .cancelled(slot: slot, try ControlMessage.Cancel.decode(frame.payload))
        } catch {
            return .cancelled(slot: slot, ControlMessage.Cancel(code: StatusCode.cancelled.rawValue))
        }
    }

    private mutating func receiveWindow(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        try countIdle(now)
        let window: ControlMessage.Window
        do throws(ProtoError) {
            window = try ControlMessage.Window.read(frame.payload)
        } catch {
            throw ConnectionError(.protocolError, "malformed control frame: \(error)")
        }
        if let slot = slotOfStream[frame.header.stream] { raisePeerLimit(slot, to: window.limit) }
        return .nothing
    }

    private mutating func receivePing(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        let value = UInt64(bigEndian: frame.payload.loadUnaligned(as: UInt64.self))
        if frame.header.flags.contains(.ack) {
            try countIdle(now)
            return .pong(value)
        }
        guard !pings.exceeds(at: now) else { throw ConnectionError(.abuse, "too many PINGs") }
        control.appendFrame(.ping, flags: .ack, payload: frame.payload)
        return .nothing
    }

    private mutating func receiveGoAway(_ frame: Frame, now: UInt64) throws(ConnectionError) -> InboundEvent {
        try countIdle(now)
        let goAway: ControlMessage.GoAway = try decodeControl(frame)
        if role == .client { lastAcceptedStream = min(lastAcceptedStream ?? .max, goAway.lastStream) }
        return .goAway(goAway)
    }

    private func decodeControl<M: ProtoMessage>(_ frame: Frame) throws(ConnectionError) -> M {
        do throws(ProtoError) {
            return try M.decode(frame.payload)
        } catch {
            throw ConnectionError(.protocolError, "malformed control frame: \(error)")
        }
    }
}
