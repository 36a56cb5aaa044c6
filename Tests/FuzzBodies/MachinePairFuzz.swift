internal import RPCWire
internal import STTProto

/// A client's and a server's machine, joined by a pipe that loses nothing: every message arrives once and in order, no rule
/// is ever broken, and nothing is left over once both sides have had their time.
///
/// Input: a byte of limits, then actions of either side: bytes moved in pieces of any size, calls opened, messages queued
/// and used up, streams ended and given up.
struct MachinePairFuzz: ~Copyable {
    struct Call {
        var clientSlot: Int?
        var serverSlot: Int?
        /// What each side has to get next, by the places among the samples, and whether it has had the end.
        var toServer = Direction()
        var toClient = Direction()
        /// Nobody gave the stream up.
        var isWhole = true
        var isReturned = false
    }

    struct Direction {
        var expected: [Int] = []
        var isEnded = false
        var isEndSeen = false
        var assembly: [UInt8] = []
        var unread: [UInt64] = []
    }

    private var client: Peer
    private var server: Peer
    private var calls: [UInt32: Call] = [:]
    private var input: FuzzInput
    private var allCalls = 0

    /// A machine with its decoder, and the bytes on their way to it.
    struct Peer: ~Copyable {
        var machine: ConnectionStateMachine
        var decoder: FrameDecoder
        var incoming: [UInt8] = []
        var idOfSlot: [Int: UInt32] = [:]
        var now: UInt64 = 1
        /// A frame of which the decoder has seen the beginning, and what has come of its payload.
        var long: (slot: Int, stream: UInt32, event: InboundEvent, payload: [UInt8])?
    }

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var fuzz = MachinePairFuzz(FuzzInput(bytes))
        try fuzz.runAll()
    }

    private init(_ input: FuzzInput) {
        var input = input
        let choice = input.byte()
        var limits = WireLimits.smallest
        limits.maxMessageBytes = [65_536, 200_000][Int(choice & 1)]
        limits.initialWindowBytes = [65_536, 100_000][Int(choice >> 1 & 1)]
        limits.maxHeldBytes = [1 << 25, 100_000][Int(choice >> 2 & 1)]
        limits.maxResets = .max
        limits.maxPings = .max
        limits.maxEmptyFrames = 0
        // An honest peer's WINDOWs, all of them paid for by what it was sent.
        limits.maxIdleFrames = 0
        limits.maxWindowBytes = [1 << 22, 100_000][Int(choice >> 3 & 1)]
        let long = [Int.max, 16_384, 1000][Int(choice >> 4) % 3]
        client = Peer(
            machine: ConnectionStateMachine(role: .client, local: limits),
            decoder: FrameDecoder(expectsPreface: false, longPayloadBytes: long))
        server = Peer(
            machine: ConnectionStateMachine(role: .server, local: limits),
            decoder: FrameDecoder(expectsPreface: true, longPayloadBytes: long))
        self.input = input
    }

    private mutating func runAll() throws(FuzzFailure) {
        client.machine.sendHello(ControlMessage.Hello(limits: client.machine.offeredLimits))
        server.machine.sendHello(ControlMessage.Hello(limits: server.machine.offeredLimits))
        var actions = 0
        while !input.isEmpty, actions < 200 {
            actions += 1
            try act(Int(input.byte()))
        }
        try settle()
    }

    private mutating func act(_ kind: Int) throws(FuzzFailure) {
        switch kind % 12 {
        case 0, 1: open()
        case 2, 3: queue(toServer: true)
        case 4: if input.flag() { send(toServer: input.flag()) } else { queue(toServer: false) }
        case 5: try deliver(toServer: true, input.uint16())
        case 6: try deliver(toServer: false, input.uint16())
        case 7: move(toServer: input.flag(), maxBytes: 1 << input.choice(18))
        case 8: consume(toServer: input.flag(), one: true)
        case 9: if input.flag() { endRequests() } else { handlerReturns() }
        case 10:
            switch input.choice(6) {
            case 0: giveUp()
            case 1: client.machine.sendPing(UInt64(kind))
            case 2: reply()
            default: passTime()
            }
        default:
            move(toServer: true, maxBytes: .max)
            try deliver(toServer: true, .max)
        }
    }

    // What the applications do.

    private func pick(_ choice: Int, _ suits: (Call) -> Bool) -> UInt32? {
        let ids = calls.filter { suits($0.value) }.keys.sorted()
        return ids.isEmpty ? nil : ids[choice % ids.count]
    }

    private mutating func open() {
        guard client.machine.canOpenStream, let payload = try? ControlMessage.Call(method: "a/B").encodedPayload()
        else {
            return
        }
        let slot = client.machine.openStream(payload)
        let id = client.machine.streamID(slot)
        client.idOfSlot[slot] = id
        calls[id] = Call(clientSlot: slot)
        allCalls += 1
    }

    private mutating func queue(toServer: Bool) {
        let choice = input.choice(256)
        let sample = input.choice(SampleMessages.all.count)
        let bytes = SampleMessages.all[sample]
        if toServer {
            guard let id = pick(choice, { $0.clientSlot != nil && !$0.toServer.isEnded }),
                let slot = calls[id]?.clientSlot
            else { return }
            guard bytes.count <= client.machine.maxOutboundMessageBytes else { return }
            let isLast = choice >= 192
            client.machine.queueMessage(slot, bytes, endsSending: isLast)
            calls[id]?.toServer.expected.append(sample)
            calls[id]?.toServer.isEnded = isLast
        } else {
            guard let id = pick(choice, { $0.serverSlot != nil && !$0.toClient.isEnded }),
                let slot = calls[id]?.serverSlot
            else { return }
            guard bytes.count <= server.machine.maxOutboundMessageBytes else { return }
            server.machine.queueMessage(slot, bytes)
            calls[id]?.toClient.expected.append(sample)
        }
    }

    /// Messages of a stream of any number: straight into the output as far as that takes them.
    private mutating func send(toServer: Bool) {
        let path: WritableKeyPath<Call, Direction> = toServer ? \.toServer : \.toClient
        let choice = input.choice(256)
        let sample = input.choice(SampleMessages.all.count)
        let bytes = SampleMessages.bytes[sample]
        guard
            let id = pick(choice, { (toServer ? $0.clientSlot : $0.serverSlot) != nil && !$0[keyPath: path].isEnded }),
            let slot = toServer ? calls[id]?.clientSlot : calls[id]?.serverSlot
        else { return }
        for _ in 0...input.choice(12) {
            if toServer {
                guard bytes.count <= client.machine.maxOutboundMessageBytes else { return }
                let isSent = bytes.withUnsafeBytes { client.machine.sendDirectly(slot, $0) }
                if !isSent { client.machine.queueMessage(slot, SampleMessages.all[sample]) }
            } else {
                guard bytes.count <= server.machine.maxOutboundMessageBytes else { return }
                let isSent = bytes.withUnsafeBytes { server.machine.sendDirectly(slot, $0) }
                if !isSent { server.machine.queueMessage(slot, SampleMessages.all[sample]) }
            }
            calls[id]?[keyPath: path].expected.append(sample)
        }
    }

    /// Of both sides' clocks, one for both will do.
    private mutating func passTime() {
        client.now += [1000, 300_000_000, 6_000_000_000][input.choice(3)]
        server.now = client.now
    }

    /// The one message and OK, as of a unary call.
    private mutating func reply() {
        let choice = input.choice(256)
        let sample = input.choice(SampleMessages.all.count)
        let bytes = SampleMessages.all[sample]
        guard bytes.count <= server.machine.maxOutboundMessageBytes,
            let id = pick(choice, { $0.serverSlot != nil && !$0.toClient.isEnded && !$0.isReturned }),
            let slot = calls[id]?.serverSlot
        else { return }
        server.machine.queueReply(slot, bytes)
        calls[id]?.toClient.expected.append(sample)
        handlerReturns(id)
    }

    private mutating func endRequests() {
        guard let id = pick(input.choice(256), { $0.clientSlot != nil && !$0.toServer.isEnded }),
            let slot = calls[id]?.clientSlot
        else { return }
        client.machine.queueEndOfMessages(slot)
        calls[id]?.toServer.isEnded = true
    }

    private mutating func handlerReturns() {
        guard let id = pick(input.choice(256), { $0.serverSlot != nil && !$0.isReturned }) else { return }
        handlerReturns(id)
    }

    private mutating func handlerReturns(_ id: UInt32) {
        guard let slot = calls[id]?.serverSlot else { return }
        calls[id]?.isReturned = true
        // What the client still sends is dropped, if it has not arrived.
        if calls[id]?.toServer.isEndSeen == false { calls[id]?.toServer.expected = [] }
        calls[id]?.toClient.isEnded = true
        server.machine.queueEnd(slot, nil)
        server.machine.handlerReturned(slot)
    }

    private mutating func giveUp() {
        let choice = input.choice(256)
        guard let id = pick(choice, { $0.isWhole && $0.clientSlot != nil }) else { return }
        if choice & 1 == 0, let slot = calls[id]?.clientSlot {
            calls[id]?.isWhole = false
            client.machine.cancel(slot, .cancelled)
            calls[id]?.clientSlot = nil
        } else if let slot = calls[id]?.serverSlot, calls[id]?.isReturned == false {
            refuse(id, slot)
        }
    }

    private mutating func refuse(_ id: UInt32, _ slot: Int) {
        calls[id]?.isWhole = false
        server.machine.endNow(slot, RPCError(.resourceExhausted, "too much"))
    }

    @discardableResult
    private mutating func consume(toServer: Bool, one: Bool) -> Bool {
        var didAny = false
        for id in calls.keys.sorted() {
            let path: WritableKeyPath<Call, Direction> = toServer ? \.toServer : \.toClient
            guard let call = calls[id], let slot = toServer ? call.serverSlot : call.clientSlot else { continue }
            while let flow = calls[id]?[keyPath: path].unread.first {
                calls[id]?[keyPath: path].unread.removeFirst()
                didAny = true
                if toServer {
                    server.machine.consumed(slot, flow: flow)
                } else {
                    client.machine.consumed(slot, flow: flow)
                }
                endStarved(toServer: toServer)
                if one { return true }
            }
        }
        return didAny
    }

    /// Ends the streams whose peer may not send what they wait for.
    private mutating func endStarved(toServer: Bool) {
        if toServer {
            for slot in server.machine.takeStarved() { refuse(server.idOfSlot[slot] ?? 0, slot) }
        } else {
            for slot in client.machine.takeStarved() {
                let id = client.idOfSlot[slot] ?? 0
                calls[id]?.isWhole = false
                calls[id]?.clientSlot = nil
                client.machine.cancel(slot, .resourceExhausted)
            }
        }
    }

    // The pipe.

    @discardableResult
    private mutating func move(toServer: Bool, maxBytes: Int) -> Bool {
        var batch = OutputBatch()
        if toServer {
            client.machine.fill(&batch, maxBytes: maxBytes)
        } else {
            server.machine.fill(&batch, maxBytes: maxBytes)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(batch.byteCount)
        for piece in batch.pieces {
            switch piece {
            case .copied(let range): bytes += batch.copied[range]
            case .shared(let shared, let range): bytes += shared.head[range]
            }
        }
        if toServer { server.incoming += bytes } else { client.incoming += bytes }
        forgetReleased()
        return !bytes.isEmpty
    }

    private mutating func deliver(toServer: Bool, _ count: Int) throws(FuzzFailure) {
        let bytes = toServer ? Array(server.incoming.prefix(count)) : Array(client.incoming.prefix(count))
        if toServer { server.incoming.removeFirst(bytes.count) } else { client.incoming.removeFirst(bytes.count) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var rest = UnsafeRawBufferPointer(copy)
        while let (event, payload) = try next(toServer, &rest) { try take(event, payload, toServer: toServer) }
    }

    private mutating func next(
        _ toServer: Bool, _ rest: inout UnsafeRawBufferPointer
    ) throws(FuzzFailure) -> (InboundEvent, [UInt8])? {
        do throws(ConnectionError) {
            return toServer ? try Self.next(&server, &rest) : try Self.next(&client, &rest)
        } catch {
            throw FuzzFailure(description: "\(toServer ? "the server" : "the client") takes offence: \(error)")
        }
    }

    private static func next(
        _ peer: inout Peer, _ rest: inout UnsafeRawBufferPointer
    ) throws(ConnectionError) -> (InboundEvent, [UInt8])? {
        if peer.decoder.payloadLeft > 0 {
            let count = min(rest.count, peer.decoder.payloadLeft)
            peer.long?.payload += rest[..<count]
            peer.decoder.tookPayload(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            guard peer.decoder.payloadLeft == 0 else { return nil }
            let long = peer.long
            peer.long = nil
            // The stream may have ended since the frame began.
            if let long, peer.machine.isOpen(long.slot), peer.machine.streamID(long.slot) == long.stream {
                return (long.event, long.payload)
            }
        }
        guard
            let frame = try peer.decoder.next(
                &rest, admit: { header throws(ConnectionError) in try peer.machine.admit(header) })
        else { return nil }
        let payload = Array(frame.payload)
        let event = try peer.machine.receive(frame, now: peer.now)
        guard peer.decoder.payloadLeft > 0, case .data(let slot, _, _, _, _) = event else { return (event, payload) }
        peer.long = (slot, frame.header.stream, event, payload)
        return nil
    }

    private mutating func take(_ event: InboundEvent, _ payload: [UInt8], toServer: Bool) throws(FuzzFailure) {
        switch event {
        case .call(let slot, _):
            let id = server.machine.streamID(slot)
            server.idOfSlot[slot] = id
            calls[id]?.serverSlot = slot
        case .data(let slot, let isLast, let isFirst, let endsSending, let flow):
            let id = toServer ? server.idOfSlot[slot] : client.idOfSlot[slot]
            try receive(
                id ?? 0, toServer ? \.toServer : \.toClient, payload, isFirst: isFirst, isLast: isLast, flow: flow)
            if endsSending { calls[id ?? 0]?.toServer.isEndSeen = true }
        case .endOfMessages(let slot): calls[server.idOfSlot[slot] ?? 0]?.toServer.isEndSeen = true
        case .messageTooLarge(let slot), .tooMuchHeld(let slot):
            let id = toServer ? server.idOfSlot[slot] : client.idOfSlot[slot]
            let local = toServer ? server.machine.local : client.machine.local
            try require(
                event == .messageTooLarge(slot: slot) || local.maxHeldBytes < 1 << 25,
                "too much is held where little is")
            if toServer {
                refuse(id ?? 0, slot)
            } else {
                calls[id ?? 0]?.isWhole = false
                calls[id ?? 0]?.clientSlot = nil
                client.machine.cancel(slot, .resourceExhausted)
            }
        case .end(let slot, let end):
            let id = client.idOfSlot[slot] ?? 0
            if calls[id]?.isWhole == true {
                if calls[id]?.serverSlot == nil, calls[id]?.isReturned == false {
                    // Refused: too many streams, while HELLO was not read or a handler ran on.
                    try requireEqual(end.code, StatusCode.resourceExhausted.rawValue, "the status of call \(id)")
                    calls[id]?.isWhole = false
                } else {
                    try requireEqual(end.code, 0, "the status of call \(id)")
                    try requireEqual(calls[id]?.toClient.expected, [], "messages missing before the end of call \(id)")
                }
            }
            calls[id]?.toClient.isEndSeen = true
            calls[id]?.clientSlot = nil
        case .cancelled(let slot, _):
            try require(toServer, "the server cancels nothing")
            let id = server.idOfSlot[slot] ?? 0
            try requireEqual(calls[id]?.isWhole, false, "call \(id) is not cancelled")
        case .hello, .nothing, .pong: break
        case .goAway: throw FuzzFailure(description: "nobody goes away")
        }
        forgetReleased()
    }

    private mutating func receive(
        _ id: UInt32, _ path: WritableKeyPath<Call, Direction>, _ payload: [UInt8], isFirst: Bool, isLast: Bool,
        flow: UInt64
    ) throws(FuzzFailure) {
        guard calls[id] != nil else { throw FuzzFailure(description: "DATA of no call") }
        if isFirst { calls[id]?[keyPath: path].assembly = [] }
        calls[id]?[keyPath: path].assembly += payload
        guard isLast, let direction = calls[id]?[keyPath: path] else { return }
        calls[id]?[keyPath: path].unread.append(flow)
        if path == \.toServer, calls[id]?.isReturned == true { return }
        guard let sample = direction.expected.first else {
            throw FuzzFailure(description: "call \(id) brings a message that nobody sent")
        }
        try require(
            direction.assembly == SampleMessages.bytes[sample], "call \(id) brings another message than was sent")
        calls[id]?[keyPath: path].expected.removeFirst()
    }

    private mutating func forgetReleased() {
        for slot in client.machine.takeReleased() { client.idOfSlot[slot] = nil }
        for slot in server.machine.takeReleased() {
            if let id = server.idOfSlot.removeValue(forKey: slot) { calls[id]?.serverSlot = nil }
        }
    }

    // The end.

    /// Lets both sides do all that is left to do.
    private mutating func settle() throws(FuzzFailure) {
        try exchangeAll()
        for (id, call) in calls.sorted(by: { $0.key < $1.key }) where call.isWhole {
            // A server that has answered takes no more of them.
            try require(
                call.isReturned || call.toServer.expected.isEmpty,
                "requests \(call.toServer.expected) call \(id) never arrived")
            try requireEqual(call.toClient.expected, [], "replies of call \(id) that never arrived")
            try require(
                !call.toServer.isEnded || call.toServer.isEndSeen || call.isReturned,
                "the end of call \(id)'s requests never arrived")
        }
        for (id, call) in calls where call.serverSlot != nil && !call.isReturned { handlerReturns(id) }
        try exchangeAll()
        for (id, call) in calls where call.isWhole {
            try require(call.toClient.isEndSeen, "the end of call \(id) never arrived")
        }
        try requireEqual(client.machine.streamCount, 0, "streams of the client that are left")
        try requireEqual(server.machine.streamCount, 0, "streams of the server that are left")
        try requireEqual(client.machine.heldBytes, 0, "bytes that the client holds in the end")
        try requireEqual(server.machine.heldBytes, 0, "bytes that the server holds in the end")
        try requireEqual(client.machine.inboundBytes, 0, "bytes that the client keeps of what came in the end")
        try requireEqual(server.machine.inboundBytes, 0, "bytes that the server keeps of what came in the end")
        try requireEqual(client.machine.queuedOutputBytes, 0, "bytes that the client has queued in the end")
        try requireEqual(server.machine.queuedOutputBytes, 0, "bytes that the server has queued in the end")
    }

    private mutating func exchangeAll() throws(FuzzFailure) {
        var rounds = 0
        var isMoving = true
        while isMoving {
            rounds += 1
            try require(rounds < 10_000, "both sides talk without end")
            isMoving = move(toServer: true, maxBytes: 65_536)
            isMoving = move(toServer: false, maxBytes: 65_536) || isMoving
            isMoving = isMoving || !server.incoming.isEmpty || !client.incoming.isEmpty
            try deliver(toServer: true, .max)
            try deliver(toServer: false, .max)
            isMoving = consume(toServer: true, one: false) || isMoving
            isMoving = consume(toServer: false, one: false) || isMoving
        }
    }
}
