internal import RPCWire
internal import STTProto

extension MachineFuzz {
    mutating func peerAction(_ kind: Int) throws(FuzzFailure) {
        switch kind % 16 {
        case 0: try feedHello()
        case 1, 2: try feedCall()
        case 3, 4, 5, 6, 7: try feedData()
        case 8: try feed(.cancel, stream: anyStream(), payload: cancelPayload())
        case 9, 10: try feedWindow()
        case 11:
            let flags: FrameFlags = input.flag() ? .ack : []
            try feed(.ping, flags: flags, payload: input.take(8) + [UInt8](repeating: 7, count: 8), cut: 8)
        case 12:
            let goAway = ControlMessage.GoAway(lastStream: UInt32(input.choice(12)), reason: UInt32(input.choice(15)))
            try feed(.goAway, payload: (try? goAway.encode()) ?? [])
        case 13:
            let end = ControlMessage.End(code: UInt32(input.choice(18)), message: input.flag() ? "no" : "")
            let payload = input.choice(8) == 0 ? input.take(6) : (try? end.encode()) ?? []
            try feed(.end, stream: anyStream(), payload: payload)
        default: try feedRaw()
        }
    }

    private mutating func feedHello() throws(FuzzFailure) {
        let options = input.byte()
        if options & 0x80 != 0 { return try feed(.hello, payload: input.take(Int(options & 0x3F))) }
        let sizes: [UInt32] = [0, 65_536, 100_000, 16_384]
        let limits = ControlMessage.Limits(
            maxMessageBytes: sizes[Int(options & 3)], maxStreams: options & 4 == 0 ? 0 : 9,
            initialWindowBytes: sizes[Int(options >> 3 & 3)],
            maxFrameBytes: options & 0x20 == 0 ? 16_384 : UInt32(input.uint16()))
        let version = options & 0x40 == 0 ? UInt32(1) : UInt32(input.choice(3))
        let hello = ControlMessage.Hello(versionMin: version, versionMax: version, limits: limits)
        try feed(.hello, payload: (try? hello.encode()) ?? [])
    }

    private mutating func feedCall() throws(FuzzFailure) {
        let options = input.byte()
        let id = model.highest == 0 ? 1 : model.highest &+ (options & 1 == 0 ? 2 : UInt32(options & 7) &* 2)
        let payload: [UInt8]
        switch options >> 4 {
        case 0: payload = input.take(Int(options >> 1 & 7))
        case 1:
            let call = ControlMessage.Call(
                method: "a/B",
                metadata: [.init(key: "k", value: Array(SampleMessages.filler.prefix(input.uint16() % 9000)))])
            payload = (try? call.encode()) ?? []
        case 2:
            let entry = ControlMessage.MetadataEntry(key: "k", value: Array(repeating: 1, count: input.choice(32)))
            let call = ControlMessage.Call(
                method: "a/B", metadata: Array(repeating: entry, count: input.uint16() % 300))
            payload = (try? call.encode()) ?? []
        case 3:
            // A field that nobody knows, again and again.
            let field: [[UInt8]] = [[0x78, 1], [0x7A, 2, 0, 0], [0x7D, 1, 2, 3, 4], [0x79, 1, 2, 3, 4, 5, 6, 7, 8]]
            let choice = input.choice(4)
            payload = Array(repeatElement(field[choice], count: 100 + input.choice(256)).joined()) + input.take(3)
        default:
            let call = ControlMessage.Call(
                method: ["a/B", "c/D"][input.choice(2)], deadlineMilliseconds: input.interestingUInt64())
            payload = (try? call.encodedPayload()) ?? []
        }
        try feed(.call, stream: id, payload: payload)
    }

    private mutating func feedData() throws(FuzzFailure) {
        let options = input.byte()
        let id = anyStream()
        var flags = FrameFlags(rawValue: options & 7)
        // Mostly what may be, for the rest ends the connection.
        if options & 0x80 == 0 {
            if flags.contains(.noMessage) { flags = model.isServer ? [.noMessage, .endSend] : [] }
            if flags.contains(.more) { flags.remove(.endSend) }
            if !model.isServer { flags.remove(.endSend) }
        }
        var length = flags.contains(.noMessage) ? 0 : input.uint16() % 6000
        if options & 0x40 == 0, let stream = model.streams[id] {
            let credit = stream.told > stream.received + 12 ? Int(stream.told - stream.received) - 12 : 0
            // To the last byte of credit, or to one more.
            length = min(length, credit + (options & 0x20 == 0 ? 0 : 1), model.local.maxFrameBytes)
            if credit == 0, options & 0x20 == 0, !flags.contains(.noMessage) { return }
        }
        try feed(.data, flags: flags, stream: id, payload: SampleMessages.filler, cut: length)
    }

    private mutating func cancelPayload() -> [UInt8] {
        if input.choice(8) == 0 { return input.take(5) }
        return (try? ControlMessage.Cancel(code: UInt32(input.choice(20))).encode()) ?? []
    }

    private mutating func feedWindow() throws(FuzzFailure) {
        let id = anyStream()
        let limit: UInt64
        switch input.choice(4) {
        case 0: limit = input.interestingUInt64()
        case 1: limit = (model.streams[id]?.sent ?? 0) &+ UInt64(input.byte())
        default: limit = (model.streams[id]?.limit ?? 0) &+ UInt64(input.uint16())
        }
        let payload = input.choice(16) == 0 ? input.take(10) : (try? ControlMessage.Window(limit: limit).encode()) ?? []
        try feed(.window, stream: id, payload: payload)
    }

    private mutating func feedRaw() throws(FuzzFailure) {
        let type = input.byte() % 11
        let flags = FrameFlags(rawValue: input.byte())
        let reserved = UInt16(input.choice(16) == 1 ? 1 : 0)
        let stream = input.choice(4) == 0 ? input.uint32() : UInt32(input.choice(16))
        let payload = input.take(input.choice(24))
        var header = FrameHeader(
            length: payload.count, type: type, flags: flags, reserved: reserved, stream: stream)
        if input.choice(8) == 0 {
            // The header alone, with any length: what is too long must be refused before it is read.
            header.length = input.uint32()
            return try admitOnly(header)
        }
        try feed(header, payload)
    }

    private mutating func feed(
        _ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, payload: [UInt8], cut: Int? = nil
    ) throws(FuzzFailure) {
        let payload = cut.map { Array(payload.prefix($0)) } ?? payload
        try feed(FrameHeader(length: payload.count, type: type.rawValue, flags: flags, stream: stream), payload)
    }

    private mutating func admitOnly(_ header: FrameHeader) throws(FuzzFailure) {
        let broken = model.violations(header)
        let error = admissionError(header)
        if let error {
            try require(broken.contains(error.reason), "\(header) closes the connection: \(error)")
            isOver = true
        } else {
            try require(broken.isEmpty, "\(header) is admitted, and breaks \(broken)")
        }
    }

    private func admissionError(_ header: FrameHeader) -> ConnectionError? {
        do throws(ConnectionError) {
            try machine.admit(header)
            return nil
        } catch {
            return error
        }
    }

    private mutating func feed(_ header: FrameHeader, _ payload: [UInt8]) throws(FuzzFailure) {
        try admitOnly(header)
        if isOver { return }
        let verdict = model.receive(header, payload)
        // Memory of the payload's size, so that a sanitizer sees any byte read beyond it.
        let result = payload.withUnsafeBytes { raw -> Result<InboundEvent, ConnectionError> in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: raw.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyMemory(from: raw)
            do throws(ConnectionError) {
                return .success(
                    try machine.receive(Frame(header: header, payload: UnsafeRawBufferPointer(copy)), now: model.now))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .failure(let error):
            try require(verdict.fatal.contains(error.reason), "\(header) closes the connection: \(error)")
            isOver = true
        case .success(let event):
            try require(
                verdict.fatal.isEmpty || !verdict.isCertain, "\(header) is taken, though it breaks \(verdict.fatal)")
            try take(event, verdict, length: payload.count)
        }
    }

    private mutating func take(_ event: InboundEvent, _ foreseen: Verdict, length: Int) throws(FuzzFailure) {
        var verdict = foreseen
        if case .call(let slot, let call) = event, case .call(let id, let expected) = verdict.event {
            try requireEqual(call, expected, "the CALL of stream \(id)")
            try require(
                !model.streams.values.contains { $0.slot == slot } && !model.released.contains(slot),
                "slot \(slot) is given to a second stream")
            model.open(id, slot: slot)
            model.streams[id]?.callBytes = length
        } else if case .tooMuchHeld(let slot) = event, verdict.mayBeTooMuch {
            verdict.event = .tooMuchHeld(model.id(ofSlot: slot))
            verdict.resets = model.countReset()
        } else {
            try requireEqual(modelEvent(event), verdict.event, "the event")
        }
        if let resets = verdict.resets { try checkResets(resets) }
        // What the layer above does.
        switch verdict.event {
        case .messageTooLarge(let id), .tooMuchHeld(let id):
            guard let slot = model.streams[id]?.slot else { return }
            tooMuch(id, slot)
        case .goAway(let goAway) where !model.isServer:
            for (id, stream) in model.streams.sorted(by: { $0.key < $1.key }) where id > goAway.lastStream {
                cancel(id, stream.slot, .cancelled)
            }
        default: break
        }
    }

    mutating func checkResets(_ resets: (must: Bool, may: Bool)) throws(FuzzFailure) {
        if machine.abuse != nil {
            try require(resets.may || didComplain, "too many resets are seen where there are few")
            complain()
        } else {
            try require(!resets.must, "a flood of resets is not seen")
        }
    }

    mutating func tooMuch(_ id: UInt32, _ slot: Int) {
        if model.isServer {
            model.control.append(.end(id, .resourceExhausted))
            model.close(id)
            machine.endNow(slot, RPCError(.resourceExhausted, "too much"))
        } else {
            cancel(id, slot, .resourceExhausted)
        }
    }

    private func modelEvent(_ event: InboundEvent) -> ModelEvent? {
        // A slot whose stream has just ended still has its place in the list of the released.
        func id(_ slot: Int) -> UInt32 { model.id(ofSlot: slot) }
        return switch event {
        case .nothing: .nothing
        case .hello: .hello
        case .call: nil
        case .data(let slot, let isLast, let isFirst, let endsSending, let flow):
            .data(id(slot), isFirst: isFirst, isLast: isLast, endsSending: endsSending, flow: flow)
        case .endOfMessages(let slot): .endOfMessages(id(slot))
        case .messageTooLarge(let slot): .messageTooLarge(id(slot))
        case .tooMuchHeld(let slot): .tooMuchHeld(id(slot))
        case .end(let slot, let end):
            .end(id(slot), end.message.hasPrefix("malformed END") ? ControlMessage.End(code: end.code) : end)
        case .cancelled(let slot, let cancel): .cancelled(id(slot), cancel.code)
        case .pong(let value): .pong(value)
        case .goAway(let goAway): .goAway(goAway)
        }
    }
}
