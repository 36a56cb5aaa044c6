internal import RPCWire
internal import STTProto

extension MachineFuzz {
    mutating func localAction(_ kind: Int) throws(FuzzFailure) {
        switch kind % 16 {
        case 0: passTime()
        case 1, 2: if model.isServer { end() } else { openStream() }
        case 3, 4: queueMessage()
        case 5: try sendRun()
        case 6, 7, 8: consume()
        case 9:
            if model.isServer { handlerReturns() } else { endSending() }
        case 10: giveUp()
        case 11:
            let value = input.interestingUInt64()
            machine.sendPing(value)
            model.control.append(.ping(value, isAnswer: false))
        case 12:
            if model.isServer, input.choice(4) != 0 {
                try reply()
            } else if input.choice(4) == 0 {
                goAway(CloseReason.allCases[input.choice(14)])
            }
        case 13: try takeReleased()
        case 14: askToWake()
        default: break
        }
        if kind % 16 == 15 || kind >= 64 {
            try fill(maxBytes: [1, 100, 5000, 65_536, Int.max][input.choice(5)])
        }
    }

    private mutating func passTime() {
        let step = [1, 1000, 10_000_000, 1_000_000_000, 31_000_000_000][input.choice(5)] * UInt64(input.byte())
        model.now += step
        // A window that lasts long becomes smaller.
        if step > 100_000_000 { for id in model.streams.keys { model.streams[id]?.grown = 0 } }
    }

    /// Streams whose peer may not send what they wait for are ended, and no others.
    mutating func endStarved() throws(FuzzFailure) {
        guard machine.hasStarved else { return }
        let slots = machine.takeStarved()
        try requireEqual(Set(slots).count, slots.count, "starved streams named once")
        for slot in slots {
            let id = model.id(ofSlot: slot)
            guard let stream = model.streams[id], stream.isStarved else {
                throw FuzzFailure(description: "stream \(id) is called starved")
            }
            let resets = model.countReset()
            tooMuch(id, slot)
            if let resets { try checkResets(resets) }
        }
    }

    /// A reply and OK, all at once, and maybe more before any of it goes out.
    private mutating func reply() throws(FuzzFailure) {
        guard let stream = liveStream(input.byte()) else { return }
        let place = input.choice(SampleMessages.all.count)
        guard stream.queuedBytes < 300_000 else { return }
        machine.queueReply(stream.slot, SampleMessages.all[place])
        if stream.isOpen, !stream.isDoneSending {
            model.streams[stream.id]?.queue.append(.init(bytes: SampleMessages.bytes[place]))
            model.streams[stream.id]?.end = .ok
            model.streams[stream.id]?.isDoneSending = true
            model.streams[stream.id]?.mayBeWritten = true
            model.streams[stream.id]?.isShortReply = stream.queue.isEmpty && SampleMessages.bytes[place].count <= 8192
        }
        let next = input.byte()
        if next & 1 != 0, stream.isHandled {
            machine.handlerReturned(stream.slot)
            model.handlerReturned(stream.id)
        }
        if next & 2 != 0 { endNow(stream.id, stream.slot, .cancelled, "") }
        model.streams[stream.id]?.mayBeWritten = false
    }

    private mutating func endNow(_ id: UInt32, _ slot: Int, _ code: StatusCode, _ message: String) {
        let written = machine.controlBytes
        machine.endNow(slot, RPCError(code, message))
        guard let stream = model.streams[id], stream.isOpen else { return }
        // The END that is written already is the stream's only one.
        if stream.mayBeWritten, machine.controlBytes == written { return }
        model.control.append(.end(id, code))
        model.close(id)
    }

    var didComplain: Bool { model.hasComplained }

    /// What the connection does about a peer that gives up too many streams.
    mutating func complain() {
        guard !model.hasComplained else { return }
        model.hasComplained = true
        goAway(.abuse)
    }

    private mutating func goAway(_ reason: CloseReason) {
        machine.sendGoAway(reason, "because")
        if model.isServer { model.lastAccepted = model.lastAccepted ?? model.highest }
        model.control.append(.goAway(last: model.isServer ? model.lastAccepted ?? 0 : 0, reason))
    }

    private mutating func openStream() {
        guard machine.canOpenStream else { return }
        let payload = input.take(input.choice(16))
        let id = model.highest == 0 ? 1 : model.highest + 2
        let slot = machine.openStream(payload)
        model.control.append(.call(id, payload))
        model.open(id, slot: slot)
    }

    private mutating func queueMessage() {
        guard let stream = liveStream(input.byte()) else { return }
        let choice = Int(input.byte())
        let place = choice % SampleMessages.all.count
        let bytes = SampleMessages.all[place]
        let endsSending = !model.isServer && choice >= 200
        // The layer above waits for room.
        guard stream.queuedBytes < 300_000 else { return }
        machine.queueMessage(stream.slot, bytes, endsSending: endsSending)
        guard stream.isOpen, !stream.isDoneSending else { return }
        model.streams[stream.id]?.queue.append(.init(bytes: SampleMessages.bytes[place], endsSending: endsSending))
        model.streams[stream.id]?.isDoneSending = endsSending
    }

    /// As the messages of a stream are sent: straight into the output as far as that takes them, then into the stream's
    /// queue. Several before any of it goes out, and maybe with a sender that waits for that.
    private mutating func sendRun() throws(FuzzFailure) {
        guard let stream = liveStream(input.byte()) else { return }
        let (id, slot) = (stream.id, stream.slot)
        let options = input.byte()
        let place = Int(options) % SampleMessages.all.count
        let bytes = SampleMessages.bytes[place]
        for _ in 0...(input.byte() & 15) {
            guard let stream = model.streams[id], stream.queuedBytes < 300_000 else { return }
            let takes = model.takesDirectly(stream, bytes.count, outputBytes: machine.controlBytes)
            let waiting = machine.queuedBytes(slot)
            let isSent = bytes.withUnsafeBytes { machine.sendDirectly(slot, $0) }
            try requireEqual(isSent, takes, "whether \(bytes.count) bytes of stream \(id) are written at once")
            if isSent {
                try requireEqual(
                    machine.queuedBytes(slot), waiting + bytes.count + 12, "what of stream \(id) has not gone out")
                model.streams[id]?.sent += UInt64(bytes.count + 12)
                model.paidIdle += 2
                model.control.append(.message(id, bytes))
            } else {
                machine.queueMessage(slot, SampleMessages.all[place])
                if stream.isOpen, !stream.isDoneSending { model.streams[id]?.queue.append(.init(bytes: bytes)) }
            }
        }
        let half = machine.queuedBytes(slot) / 2
        // A sender waits for room only where something takes it.
        guard options & 0x40 != 0, half > 0, model.streams[id]?.isOpen == true else { return }
        machine.wakeSender(slot, at: half)
        model.streams[id]?.wakeAt = half
    }

    private mutating func endSending() {
        guard let stream = liveStream(input.byte()) else { return }
        machine.queueEndOfMessages(stream.slot)
        guard stream.isOpen, !stream.isDoneSending else { return }
        model.streams[stream.id]?.queue.append(.init(bytes: [], endsSending: true, isOnlyEnd: true))
        model.streams[stream.id]?.isDoneSending = true
    }

    private mutating func consume() {
        guard let stream = liveStream(input.byte()) else { return }
        // Only the one request of a call is kept.
        let isRetained = model.isServer && stream.retained == 0 && input.flag()
        guard let flow = model.consume(stream.id, isRetained: isRetained) else { return }
        machine.consumed(stream.slot, flow: flow, isRetained: isRetained)
    }

    private mutating func end() {
        guard let stream = liveStream(input.byte()) else { return }
        let code = StatusCode.allCases[input.choice(17)]
        machine.queueEnd(stream.slot, code == .ok ? nil : RPCError(code, "so it is"))
        guard stream.isOpen, !stream.isDoneSending else { return }
        model.streams[stream.id]?.isDoneSending = true
        model.streams[stream.id]?.end = code
    }

    /// As a call on the server does: the stream is ended first.
    private mutating func handlerReturns() {
        guard let stream = liveStream(input.byte()), stream.isHandled else { return }
        machine.queueEnd(stream.slot, nil)
        if stream.isOpen, !stream.isDoneSending {
            model.streams[stream.id]?.isDoneSending = true
            model.streams[stream.id]?.end = .ok
        }
        machine.handlerReturned(stream.slot)
        model.handlerReturned(stream.id)
    }

    private mutating func giveUp() {
        guard let stream = liveStream(input.byte()) else { return }
        let code = StatusCode.allCases[input.choice(17)]
        guard model.isServer else { return cancel(stream.id, stream.slot, code) }
        endNow(stream.id, stream.slot, code, input.flag() ? "enough\0" : "")
    }

    mutating func cancel(_ id: UInt32, _ slot: Int, _ code: StatusCode) {
        machine.cancel(slot, code)
        guard model.streams[id]?.isOpen == true else { return }
        model.control.append(.cancel(id, code.rawValue))
        model.close(id)
    }

    private mutating func takeReleased() throws(FuzzFailure) {
        try requireEqual(machine.hasReleased, !model.released.isEmpty, "whether slots were released")
        if input.flag(), let only = machine.takeOnlyReleased() {
            try requireEqual([only], model.released, "the only slot released")
        } else {
            try requireEqual(machine.takeReleased().sorted(), model.released.sorted(), "the slots released")
        }
        model.released = []
    }

    private mutating func askToWake() {
        guard let stream = liveStream(input.byte()), stream.isOpen, stream.queuedBytes > 0 else { return }
        let bytes = stream.queuedBytes / 2
        machine.wakeSender(stream.slot, at: bytes)
        model.streams[stream.id]?.wakeAt = bytes
    }
}
