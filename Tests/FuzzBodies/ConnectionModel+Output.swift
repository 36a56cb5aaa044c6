internal import RPCWire
internal import STTProto

extension ConnectionModel {
    /// Checks what the machine made of `fill`.
    mutating func checkOutput(_ batch: OutputBatch, maxBytes: Int) throws(FuzzFailure) {
        var output = batch.pieces.reduce(into: [UInt8]()) { all, piece in
            switch piece {
            case .copied(let range): all += batch.copied[range]
            case .shared(let bytes, let range): all += bytes.head[range]
            }
        }[...]
        try requireEqual(output.count, batch.byteCount, "the batch's count of bytes")
        noteSendable()
        let total = output.count
        var served: Set<UInt32> = []
        if control.first == .preface {
            try require(output.starts(with: WireProtocol.preface), "a client begins with the preface")
            output = output.dropFirst(8)
            control.removeFirst()
        }
        while !output.isEmpty {
            let sent = total - output.count
            let frame = try takeFrame(&output)
            let id = frame.header.stream
            if frame.type == .window {
                try checkWindow(frame)
            } else if frame.type == .data, case .message(id, let bytes)? = control.first {
                control.removeFirst()
                try requireEqual(frame.header.flags, [], "the flags of a message that was written at once")
                try require(frame.payload == bytes, "stream \(id) sends other bytes than were written at once")
                served.insert(id)
            } else if frame.type == .data || (frame.type == .end && !endIsNext(id)) {
                // A short message may go out beside its CALL or END.
                try require(control.isEmpty || frame.payload.count <= 8192, "DATA before \(control)")
                try require(
                    sent < maxBytes || frame.payload.count <= 8192, "DATA after the \(maxBytes) bytes asked for")
                try checkStreamFrame(frame)
                served.insert(id)
            } else {
                guard let expected = control.first else {
                    throw FuzzFailure(description: "\(frame.header) where nothing has to be said")
                }
                control.removeFirst()
                try checkControl(expected, frame)
            }
        }
        try require(control.isEmpty, "\(control) is not said")
        noteSendable()
        if total < maxBytes {
            let waiting = streams.values.filter(\.canSend).map(\.id)
            try require(waiting.isEmpty, "streams \(waiting) may send and are not served")
        }
        try checkUnblocked(batch.unblocked, served)
    }

    private func takeFrame(_ output: inout ArraySlice<UInt8>) throws(FuzzFailure) -> ParsedFrame {
        try require(output.count >= 12, "half a header is put out")
        let header = output.withUnsafeBytes { FrameHeader(reading: $0) }
        try require(output.count - 12 >= Int(header.length), "half a frame is put out")
        let payload = Array(output.dropFirst(12).prefix(Int(header.length)))
        output = output.dropFirst(12 + payload.count)
        return ParsedFrame(header: header, payload: payload)
    }

    private func endIsNext(_ id: UInt32) -> Bool {
        if case .end(id, _) = control.first { true } else { false }
    }

    private mutating func checkWindow(_ frame: ParsedFrame) throws(FuzzFailure) {
        let id = frame.header.stream
        guard let limit = (try? ControlMessage.Window.decode(frame.payload))?.limit else {
            throw FuzzFailure(description: "a malformed WINDOW")
        }
        // The same frame may bring credit and end the stream.
        guard let stream = streams[id], stream.isOpen else {
            guard let told = toldAtEnd[id] else { throw FuzzFailure(description: "WINDOW on stream \(id), unknown") }
            try require(limit > told, "the limit of stream \(id) went from \(told) to \(limit)")
            lateCredit += limit - told
            toldAtEnd[id] = limit
            return
        }
        try require(
            limit >= stream.told + window / 2, "the limit of stream \(id) goes from \(stream.told) to \(limit)")
        try require(!stream.peerIsDone, "credit for stream \(id), whose peer has sent all")
        let used = stream.consumed + stream.retained + stream.assembling
        let shown = limit > used ? limit - used : 0
        try require(
            shown <= UInt64(max(local.maxWindowBytes, local.initialWindowBytes)),
            "stream \(id) has a window of \(shown) bytes")
        var raised = stream
        raised.told = limit
        raised.grown = shown > window ? shown - window : 0
        streams[id] = raised
        let grown = streams.values.reduce(0) { $0 + ($1.isOpen ? $1.grown : 0) }
        try require(grown <= UInt64(local.maxHeldBytes / 4), "windows have grown by \(grown) bytes")
    }

    private func checkControl(_ expected: Control, _ frame: ParsedFrame) throws(FuzzFailure) {
        try requireEqual(frame.header.reserved, 0, "reserved bits")
        let actual: Control?
        switch frame.type {
        case .hello: actual = (try? ControlMessage.Hello.decode(frame.payload)).map { _ in .hello }
        case .call: actual = .call(frame.header.stream, frame.payload)
        case .end:
            actual = (try? ControlMessage.End.decode(frame.payload)).flatMap { StatusCode(rawValue: $0.code) }.map {
                .end(frame.header.stream, $0)
            }
        case .cancel:
            actual = (try? ControlMessage.Cancel.decode(frame.payload)).map { .cancel(frame.header.stream, $0.code) }
        case .ping:
            actual = .ping(
                frame.payload.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, isAnswer: frame.header.flags.contains(.ack))
        case .goAway:
            actual = (try? ControlMessage.GoAway.decode(frame.payload)).flatMap { goAway in
                CloseReason(rawValue: goAway.reason).map { .goAway(last: goAway.lastStream, $0) }
            }
        case .data, .window, nil: actual = nil
        }
        try requireEqual(actual, expected, "the next control frame")
    }

    /// DATA, or the END that follows it.
    private mutating func checkStreamFrame(_ frame: ParsedFrame) throws(FuzzFailure) {
        let id = frame.header.stream
        guard var stream = streams[id], stream.isOpen else {
            throw FuzzFailure(description: "\(frame.header) on a stream that is not open")
        }
        try require(stream.canSend, "stream \(id) sends without credit, or has nothing to send")
        let previous = stream.lastServed
        for other in streams.values
        where !stream.isShortReply && other.id != id && other.canSend && !frame.header.flags.contains(.endSend) {
            let since = other.sendableSince ?? .max
            try require(
                since >= previous || other.lastServed >= previous,
                "stream \(id) is served again before stream \(other.id), which waits")
        }
        tick += 1
        stream.lastServed = tick
        stream.sendableSince = nil
        streams[id] = stream
        guard let head = stream.queue.first else {
            try requireEqual(frame.type, .end, "the frame after a stream's DATA")
            try requireEqual(frame.header.flags, [], "the flags of END")
            let code = (try? ControlMessage.End.decode(frame.payload))?.code
            try requireEqual(code, stream.end?.rawValue, "the status of stream \(id)")
            close(id)
            noteSendable()
            return
        }
        try requireEqual(frame.type, .data, "a stream's frame")
        stream.queue.removeFirst()
        paidIdle += 2
        if head.isOnlyEnd {
            try requireEqual(frame.header.flags, [.endSend, .noMessage], "the flags of an end without a message")
            try requireEqual(frame.payload.count, 0, "the length of an end without a message")
        } else {
            let length = frame.payload.count
            try require(length <= remote.maxFrameBytes, "a frame of \(length) bytes; \(remote.maxFrameBytes) are taken")
            stream.sent += UInt64(length + 12)
            try require(stream.sent <= stream.limit, "stream \(id) sends beyond its credit")
            try require(length <= head.left, "stream \(id) sends more than its message")
            try require(
                frame.payload.elementsEqual(head.bytes[head.sent..<head.sent + length]),
                "stream \(id) sends other bytes than those of its message")
            let isLast = length == head.left
            try require(isLast || length > 0, "a fragment that brings nothing")
            try requireEqual(
                frame.header.flags, isLast ? (head.endsSending ? .endSend : []) : .more, "the flags of DATA")
            if !isLast {
                var rest = head
                rest.sent += length
                stream.queue.insert(rest, at: 0)
            }
        }
        streams[id] = stream
        noteSendable()
    }

    private mutating func checkUnblocked(_ slots: [Int], _ served: Set<UInt32>) throws(FuzzFailure) {
        try requireEqual(Set(slots).count, slots.count, "senders woken once")
        for stream in streams.values where stream.isOpen && slots.contains(stream.slot) {
            try require(stream.wakeAt != nil, "stream \(stream.id) is woken, where nobody waits")
        }
        for id in served {
            guard let stream = streams[id], stream.isOpen, let wakeAt = stream.wakeAt else { continue }
            guard stream.queuedBytes <= wakeAt else {
                try require(!slots.contains(stream.slot), "stream \(id)'s sender is woken too early")
                continue
            }
            try require(slots.contains(stream.slot), "stream \(id)'s sender is not woken")
            streams[id]?.wakeAt = nil
        }
    }
}
