internal import RPCWire
internal import STTProto

/// What a frame has to come to.
enum ModelEvent: Equatable {
    case nothing
    case hello
    case call(UInt32, ControlMessage.Call)
    case data(UInt32, isFirst: Bool, isLast: Bool, endsSending: Bool, flow: UInt64)
    case endOfMessages(UInt32)
    case messageTooLarge(UInt32)
    case tooMuchHeld(UInt32)
    case end(UInt32, ControlMessage.End)
    case cancelled(UInt32, UInt32)
    case pong(UInt64)
    case goAway(ControlMessage.GoAway)
}

struct Verdict {
    /// The reasons that the connection may be closed with. Empty: it must go on.
    var fatal: Set<CloseReason> = []
    /// The connection must be closed.
    var isCertain = true
    var event = ModelEvent.nothing
    /// The stream may be ended instead, for the connection holds all that it may.
    var mayBeTooMuch = false
    /// Server: whether this side may, and must, have had enough of resets.
    var resets: (must: Bool, may: Bool)?
}

extension ConnectionModel {
    /// The rules that a header breaks.
    func violations(_ header: FrameHeader) -> Set<CloseReason> {
        var broken: Set<CloseReason> = []
        if header.reserved != 0 { broken.insert(.protocolError) }
        guard (1...8).contains(header.type) else {
            if header.flags.rawValue & 0x80 == 0 || !isHelloReceived { broken.insert(.protocolError) }
            if header.length > 16_384 { broken.insert(.frameTooLarge) }
            return broken
        }
        let mayComeFirst = header.type == 1 || (header.type == 8 && !isServer)
        if !isHelloReceived, !mayComeFirst { broken.insert(.protocolError) }
        let longest = [4096, 16_384, local.maxFrameBytes, 32_768, 4096, 16, 8, 4096][Int(header.type) - 1]
        if Int(header.length) > longest { broken.insert(.frameTooLarge) }
        if header.type == 7, header.length != 8 { broken.insert(.protocolError) }

        let flags = header.flags.rawValue & 0x7F
        let known: UInt8 = header.type == 3 ? 7 : header.type == 7 ? 1 : 0
        if flags & ~known != 0 { broken.insert(.protocolError) }
        if header.type == 3 {
            let (more, endSend, noMessage) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
            if more && endSend || noMessage && (!endSend || header.length > 0) || endSend && !isServer {
                broken.insert(.protocolError)
            }
        }

        let isOfConnection = [1, 7, 8].contains(header.type)
        if isOfConnection {
            if header.stream != 0 { broken.insert(.protocolError) }
        } else if header.stream % 2 == 0 || header.stream > 0x7FFF_FFFF {
            broken.insert(.protocolError)
        } else if header.type == 2 {
            if !isServer || header.stream <= highest { broken.insert(.protocolError) }
        } else if header.stream > highest || (header.type == 4 && isServer) {
            broken.insert(.protocolError)
        }
        return broken
    }

    /// Takes a frame whose header breaks no rule.
    mutating func receive(_ header: FrameHeader, _ payload: [UInt8]) -> Verdict {
        clock = now
        switch header.type {
        case 1: return receiveHello(payload)
        case 2: return receiveCall(header.stream, payload)
        case 3: return receiveData(header)
        case 4:
            guard streams[header.stream]?.isOpen == true else { return Verdict() }
            close(header.stream)
            let end = try? ControlMessage.End.decode(payload)
            return Verdict(event: .end(header.stream, end ?? ControlMessage.End(code: 13)))
        case 5:
            guard streams[header.stream]?.isOpen == true else { return idle() }
            close(header.stream)
            let code = (try? ControlMessage.Cancel.decode(payload))?.code ?? 1
            return Verdict(event: .cancelled(header.stream, code), resets: countReset())
        case 6:
            let verdict = idle()
            guard let window = try? ControlMessage.Window.decode(payload) else {
                return broken(.protocolError, verdict)
            }
            guard var stream = streams[header.stream], stream.isOpen else { return verdict }
            stream.limit = max(stream.limit, window.limit)
            streams[header.stream] = stream
            return verdict
        case 7:
            let value = payload.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if header.flags.rawValue & 1 != 0 { return idle(.pong(value)) }
            let flood = count(\.pings, limit: local.maxPings)
            control.append(.ping(value, isAnswer: true))
            return Verdict(fatal: flood.may ? [.abuse] : [], isCertain: flood.must)
        case 8:
            guard let goAway = try? ControlMessage.GoAway.decode(payload) else {
                return broken(.protocolError, idle())
            }
            if !isServer { lastAccepted = min(lastAccepted ?? .max, goAway.lastStream) }
            return idle(.goAway(goAway))
        default: return idle()
        }
    }

    private func broken(_ reason: CloseReason, _ verdict: Verdict = Verdict()) -> Verdict {
        Verdict(fatal: verdict.fatal.union([reason]))
    }

    /// A frame that brings nothing by itself.
    private mutating func idle(_ event: ModelEvent = .nothing) -> Verdict {
        let flood = countIdle()
        return Verdict(fatal: flood.may ? [.abuse] : [], isCertain: flood.must, event: event)
    }

    mutating func countReset() -> (must: Bool, may: Bool)? {
        isServer ? count(\.resets, limit: local.maxResets) : nil
    }

    private mutating func receiveHello(_ payload: [UInt8]) -> Verdict {
        var verdict = Verdict(event: .hello)
        if isHelloReceived { verdict.fatal.insert(.protocolError) }
        guard let hello = try? ControlMessage.Hello.decode(payload) else { return broken(.protocolError) }
        if !(hello.versionMin <= 1 && 1 <= hello.versionMax) { verdict.fatal.insert(.versionMismatch) }
        let limits = hello.limits
        let offered: [(UInt32, Int)] = [
            (limits.maxMessageBytes, 65_536), (limits.maxStreams, 8), (limits.initialWindowBytes, 65_536),
            (limits.maxFrameBytes, 16_384),
        ]
        if offered.contains(where: { $0 != 0 && Int($0) < $1 }) { verdict.fatal.insert(.protocolError) }
        guard verdict.fatal.isEmpty else { return verdict }
        let values = offered.map { max(Int($0), $1) }
        remote.maxMessageBytes = values[0]
        remote.maxStreams = values[1]
        remote.initialWindowBytes = values[2]
        remote.maxFrameBytes = values[3]
        isHelloReceived = true
        for (id, stream) in streams where stream.isOpen {
            streams[id]?.limit = max(stream.limit, UInt64(values[2]))
        }
        return verdict
    }

    private mutating func receiveCall(_ id: UInt32, _ payload: [UInt8]) -> Verdict {
        if lastAccepted != nil {
            highest = id
            lateCredit += window + 12
            return idle()
        }
        paidIdle += 4
        let refusal: StatusCode?
        let call = try? ControlMessage.Call.decode(payload)
        if streams.count >= local.maxStreams {
            refusal = .resourceExhausted
        } else if let call, payload.count <= 1024 || Self.fields(payload) <= 256, call.metadata.count <= 128,
            call.metadata.reduce(0, { $0 + $1.key.utf8.count + $1.value.count }) <= 8192
        {
            refusal = nil
        } else {
            refusal = .invalidArgument
        }
        highest = id
        if let refusal {
            lateCredit += window + 12
            control.append(.end(id, refusal))
            return Verdict(resets: countReset())
        }
        // The slot is the machine's choice.
        return Verdict(event: .call(id, call ?? ControlMessage.Call(method: "")))
    }

    /// The fields of a message that can be decoded.
    private static func fields(_ message: [UInt8]) -> Int {
        var rest = message[...]
        func varint() -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst() {
                value |= shift < 64 ? UInt64(byte & 0x7F) << shift : 0
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        var count = 0
        while !rest.isEmpty {
            count += 1
            switch varint() & 7 {
            case 0: _ = varint()
            case 1: rest = rest.dropFirst(8)
            case 2:
                let length = varint()
                rest = rest.dropFirst(Int(clamping: length))
            case 5: rest = rest.dropFirst(4)
            default: return count
            }
        }
        return count
    }

    private mutating func receiveData(_ header: FrameHeader) -> Verdict {
        let id = header.stream
        let flags = header.flags.rawValue
        guard var stream = streams[id], stream.isOpen else { return receiveLate(header) }
        guard !stream.peerIsDone else { return broken(.protocolError) }
        if flags & 4 != 0 {
            if stream.isMidMessage { return broken(.protocolError) }
            streams[id]?.peerIsDone = true
            return Verdict(event: .endOfMessages(id))
        }
        var verdict = Verdict()
        let length = Int(header.length)
        let isLast = flags & 1 == 0
        if length == 0, !isLast {
            let flood = count(\.empties, limit: local.maxEmptyFrames)
            if flood.may { verdict.fatal.insert(.abuse) }
            verdict.isCertain = flood.must
        }
        let cost = UInt64(length + 12)
        if stream.received + cost > stream.told {
            verdict.fatal.insert(.flowControl)
            verdict.isCertain = true
            return verdict
        }
        stream.received += cost
        stream.assembling += cost
        stream.assemblingBytes += length
        if stream.assemblingBytes > local.maxMessageBytes {
            streams[id] = stream
            verdict.event = .messageTooLarge(id)
            verdict.resets = countReset()
            return verdict
        }
        let isFirst = !stream.isMidMessage
        stream.isMidMessage = !isLast
        stream.peerIsDone = flags & 2 != 0
        verdict.event = .data(id, isFirst: isFirst, isLast: isLast, endsSending: stream.peerIsDone, flow: 0)
        if isLast {
            verdict.event = .data(
                id, isFirst: isFirst, isLast: true, endsSending: stream.peerIsDone, flow: stream.assembling)
            stream.unread.append(stream.assembling)
            stream.assembling = 0
            stream.assemblingBytes = 0
            streams[id] = stream
            return verdict
        }
        streams[id] = stream
        verdict.mayBeTooMuch = stream.received + 12 >= stream.told
        // It may have lost what its window has grown.
        streams[id]?.grown = 0
        return verdict
    }

    /// DATA of a stream that is over was under way. A server may know how much of it there can be.
    private mutating func receiveLate(_ header: FrameHeader) -> Verdict {
        let cost = UInt64(header.length) + 12
        guard isServer, cost > lateCredit else {
            lateCredit -= min(cost, lateCredit)
            return Verdict()
        }
        return Verdict(fatal: [.flowControl])
    }
}
