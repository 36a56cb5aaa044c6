private import CLinuxShim
internal import DequeModule
internal import Glibc
package import RPCWire
package import STTProto

/// Owns connections on one side. Called on the loop.
package protocol ConnectionDelegate: AnyObject {
    /// - Throws: To refuse the peer.
    func connection(_ connection: Connection, didReceive hello: ControlMessage.Hello) throws(ConnectionError)
    /// Server: a call came. The delegate becomes or makes the stream's owner.
    func connection(_ connection: Connection, didOpen stream: CallStream, _ call: ControlMessage.Call)
    func connection(_ connection: Connection, didReceive goAway: ControlMessage.GoAway)
    /// A stream is over, or the peer takes more of them.
    func connectionHasCapacity(_ connection: Connection)
    func connectionDidClose(_ connection: Connection, _ error: ConnectionError)
}

/// A connected transport with the protocol on top: reads, dispatches, gathers output, and keeps the times.
///
/// Concurrency: belongs to one event loop and is touched on its thread only.
package final class Connection: @unchecked Sendable {
    enum Phase {
        case open
        /// Nothing more is read; what is queued goes out, and then the end.
        case flushing
        /// Waits for the peer to close, so that what was sent last is not lost to a reset.
        case lingering
        case closed
    }

    private static let maxReadsPerTurn = 8
    /// What was read is handled while it is in the cache, before more is read.
    private static let maxBytesReadPerTurn = 256 * 1024
    private static let maxWritesPerTurn = 8
    /// A server reads so much at first. It reads less where that takes long, for the other connections of the loop wait,
    /// and more where it does not.
    private static let leastRead = 512
    private static let longRead: UInt64 = 500_000
    /// Two messages of 256 KiB: the last bytes of one, which is a little longer with its tag, take no write of their own.
    private static let bytesPerWrite = 512 * 1024

    package let loop: EventLoop
    package let peer: String
    /// Server: who is at the other end, as far as the transport tells.
    package var peerIdentity: PeerIdentity { PeerIdentity(name: peer, transport: transport.peerCredentials) }
    package let configuration: ConnectionConfiguration
    private let idleNanoseconds: UInt64
    /// Let go when the connection is closed.
    @exclusivity(unchecked) package var delegate: (any ConnectionDelegate)?

    let transport: any ByteStream
    private let machineState: LoopState<ConnectionStateMachine>
    var machine: ConnectionStateMachine {
        _read { yield machineState.value }
        _modify { yield &machineState.value }
    }
    @exclusivity(unchecked) var decoder: FrameDecoder
    @exclusivity(unchecked) var longFrame: LongFrame?
    /// The next read gets no more than a header and a little, so that the payload can be read to its place.
    @exclusivity(unchecked) private var expectsLongFrame = false
    @exclusivity(unchecked) var phase = Phase.open
    @exclusivity(unchecked) var streams: [CallStream?] = []
    @exclusivity(unchecked) private var registration: EventRegistration?
    @exclusivity(unchecked) private var watchedEvents: UInt32 = 0
    @exclusivity(unchecked) private var readLimit = EventLoop.readBufferBytes
    @exclusivity(unchecked) private var isDirty = false
    /// Frames are being dispatched: what follows from the streams that end is done once, after the last of them.
    @exclusivity(unchecked) private var isDispatching = false
    @exclusivity(unchecked) private var hasReleased = false
    @exclusivity(unchecked) private(set) var unsent = UnsentOutput()
    let account: BufferAccount?
    /// What the account knows that this connection keeps.
    @exclusivity(unchecked) package internal(set) var countedBytes = 0
    private var isDraining = false
    private var closeError: ConnectionError?
    @exclusivity(unchecked) var times: ConnectionTimes

    /// - Parameter transport: Connected and non-blocking.
    package init(
        loop: EventLoop, transport: any ByteStream, role: ConnectionStateMachine.Role, peer: String,
        configuration: ConnectionConfiguration
    ) {
        self.loop = loop
        self.transport = transport
        self.peer = peer
        self.configuration = configuration
        idleNanoseconds = configuration.idleTimeout.nanoseconds
        machineState = LoopState(ConnectionStateMachine(role: role, local: configuration.limits))
        decoder = FrameDecoder(expectsPreface: role == .server, longPayloadBytes: Self.longPayloadBytes)
        if role == .server { readLimit = Self.leastRead }
        times = ConnectionTimes(now: loop.now)
        account = role == .server ? loop.bufferAccount : nil
    }

    package var isClosed: Bool { phase == .closed }
    package var streamCount: Int { machine.streamCount }
    package var canOpenStream: Bool { phase == .open && machine.canOpenStream }
    package var isExhausted: Bool { phase != .open || machine.isExhausted }
    package var isHelloReceived: Bool { machine.isHelloReceived }

    /// Begins to read, and sends HELLO.
    package func start(_ hello: ControlMessage.Hello) throws(SystemError) {
        loop.assertOnLoop()
        watchedEvents = EPOLLIN.rawValue
        registration = try loop.register(transport.descriptor, events: watchedEvents, self)
        if transport.hasBufferedInput { DeferredCall.run(on: loop) { self.handleEvents(EPOLLIN.rawValue) } }
        var hello = hello
        hello.limits = machine.offeredLimits
        hello.keepaliveFloorMilliseconds = configuration.limits.keepaliveFloorMilliseconds
        machine.sendHello(hello)
        setDirty()
        updateTimer()
    }

    // Streams.

    /// Whoever owns the streams that are open.
    package var streamOwners: [any CallStreamOwner] { streams.compactMap { $0?.owner } }

    /// Client: opens a stream. Only where ``canOpenStream``.
    ///
    /// - Parameters:
    ///   - call: The payload of CALL without a deadline.
    ///   - deadlineMilliseconds: 0 for none.
    package func open(_ stream: CallStream, _ call: [UInt8], deadlineMilliseconds: UInt64 = 0) {
        loop.assertOnLoop()
        clearReleased()
        let slot = machine.openStream(call, deadlineMilliseconds: deadlineMilliseconds)
        place(stream, slot)
        setDirty()
    }

    private func place(_ stream: CallStream, _ slot: Int) {
        while streams.count <= slot { streams.append(nil) }
        streams[slot] = stream
        stream.attach(self, slot: slot)
    }

    /// - Throws: Where the message is longer than this side sends or the peer accepts.
    package func check(_ message: SharedBytes) throws(RPCError) {
        let limit = machine.maxOutboundMessageBytes
        // Before the HELLO the peer's limit is not known; a server that takes less refuses the message itself.
        let known = machine.isHelloReceived ? limit : configuration.limits.maxOutboundMessageBytes
        guard message.count <= known else {
            throw RPCError(
                .resourceExhausted, "a message of \(message.count) bytes; at most \(known) may be sent to this peer")
        }
    }

    package func queueMessage(_ stream: CallStream, _ bytes: SharedBytes, endsSending: Bool = false) {
        guard stream.connection === self else { return }
        machine.queueMessage(stream.slot, bytes, endsSending: endsSending)
        countKeptBytes(changedBy: bytes.count)
        setDirty()
    }

    func queueEndOfMessages(_ stream: CallStream) {
        machine.queueEndOfMessages(stream.slot)
        setDirty()
    }

    func consumed(_ stream: CallStream, flow: UInt64, isRetained: Bool = false) {
        // What a stream that is over leaves to be read brings no credit.
        guard machine.isOpen(stream.slot) else { return }
        machine.consumed(stream.slot, flow: flow, isRetained: isRetained)
        countKeptBytes(changedBy: Int(clamping: flow))
        if machine.hasOutput || machine.hasStarved { setDirty() }
    }

    /// Server: sends the one reply of a call and ends it with OK.
    package func queueReply(_ stream: CallStream, _ bytes: SharedBytes) {
        guard stream.connection === self else { return }
        machine.queueReply(stream.slot, bytes)
        countKeptBytes(changedBy: bytes.count)
        setDirty()
    }

    /// Server: ends a stream after what is queued. nil is OK.
    package func queueEnd(_ stream: CallStream, _ error: RPCError?) {
        guard stream.connection === self else { return }
        machine.queueEnd(stream.slot, error)
        setDirty()
    }

    /// Server: ends a stream at once.
    package func endNow(_ stream: CallStream, _ error: RPCError, isProvoked: Bool = false) {
        guard stream.connection === self else { return }
        machine.endNow(stream.slot, error)
        if isProvoked { machine.countReset(loop.now) }
        setDirty()
    }

    /// Server: the handler has returned.
    package func handlerReturned(_ stream: CallStream) {
        guard stream.connection === self else { return }
        machine.handlerReturned(stream.slot)
        clearReleased()
    }

    /// Client: gives a stream up.
    package func cancel(_ stream: CallStream, _ code: StatusCode) {
        guard stream.connection === self else { return }
        machine.cancel(stream.slot, code)
        setDirty()
        clearReleased()
    }

    /// Client: gives every stream up.
    package func cancelAll(_ error: RPCError) {
        for stream in streams.compactMap({ $0 }) {
            stream.owner?.streamDidEnd(stream, .status(error))
            cancel(stream, error.code)
        }
    }

    /// Forgets the streams that are over.
    private func clearReleased() {
        guard machine.hasReleased else { return }
        // All slots are cleared before anybody hears of it: who does may open a stream in one of them.
        if let slot = machine.takeOnlyReleased() {
            removeStream(slot)?.detach()
        } else {
            for stream in machine.takeReleased().compactMap(removeStream) { stream.detach() }
        }
        hasReleased = true
        if !isDispatching { tellOfCapacity() }
    }

    private func tellOfCapacity() {
        guard hasReleased else { return }
        hasReleased = false
        countKeptBytes()
        if machine.streamCount == 0 {
            times.idleSince = loop.now
            updateTimer(noLaterThan: loop.now &+ idleNanoseconds)
            if isDraining { setDirty() }
        }
        delegate?.connectionHasCapacity(self)
    }

    private func removeStream(_ slot: Int) -> CallStream? {
        guard slot < streams.count else { return nil }
        defer { streams[slot] = nil }
        return streams[slot]
    }

    // Reading.

    private func read() {
        var total = 0
        if loop.isReliefDue, transport.hasBufferedInput {
            return DeferredCall.run(on: loop) { self.handleEvents(EPOLLIN.rawValue) }
        }
        for _ in 0..<Self.maxReadsPerTurn where (phase == .open && !loop.isReliefDue) || phase == .lingering {
            let direct = readDirectly()
            let buffer = expectsLongFrame ? shortReadBuffer : readBuffer
            switch direct?.0 ?? transport.read(into: buffer) {
            case .bytes(let count):
                loop.bytesRead += count
                times.lastReceived = loop.now
                times.pingSent = 0
                if phase == .lingering { continue }
                let start = MonotonicClock.now()
                process(UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<(direct?.buffered ?? count)]))
                expectsLongFrame = (direct != nil || decoder.payloadLeft > 0) && transport is SocketStream
                total += count
                if adaptReading(to: MonotonicClock.now() - start) { return }
                if direct == nil, count < buffer.count { return }
                if total >= Self.maxBytesReadPerTurn { return }
                readLimit = min(2 * readLimit, EventLoop.readBufferBytes)
            case .wouldBlock: return updateInterest()
            case .endOfStream: return close(ConnectionError(.drain, "the peer closed the connection"))
            case .failed(let error): return close(ConnectionError(.drain, error.reason))
            case .rejected(let reason): return reject(ConnectionError(.unauthenticated, reason))
            }
        }
    }

    /// A transport that buffers by itself tells of what is left only where it could fill the whole buffer.
    private var readBuffer: UnsafeMutableRawBufferPointer {
        guard readLimit < EventLoop.readBufferBytes, transport is SocketStream else { return loop.readBuffer }
        return UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer[..<readLimit])
    }

    /// Whether what was read took so long that it is the others' turn.
    private func adaptReading(to nanoseconds: UInt64) -> Bool {
        guard nanoseconds > Self.longRead, machine.role == .server else { return false }
        readLimit = max(Self.leastRead, readLimit / 2)
        return true
    }

    private func process(_ bytes: UnsafeRawBufferPointer) {
        var input = bytes
        isDispatching = true
        defer {
            isDispatching = false
            loop.wakeReaders()
            tellOfCapacity()
        }
        takePayload(&input)
        clearReleased()
        do throws(ConnectionError) {
            while phase == .open,
                let frame = try decoder.next(
                    &input, admit: { header throws(ConnectionError) in try machine.admit(header) })
            {
                if !decoder.isMidFrame { times.frameStarted = 0 }
                try dispatch(try machine.receive(frame, now: loop.now), frame.payload)
                clearReleased()
            }
        } catch {
            return fail(error)
        }
        guard phase == .open else { return }
        if decoder.isMidFrame, times.frameStarted == 0 {
            times.frameStarted = loop.now
            updateTimer()
        }
        countKeptBytes()
        if let abuse = machine.abuse, !isDraining { startDrain(abuse.reason, abuse.message, grace: .seconds(5)) }
        setDirtyIfNeeded()
        updateInterest()
    }

    private func dispatch(_ event: InboundEvent, _ payload: UnsafeRawBufferPointer) throws(ConnectionError) {
        switch event {
        case .nothing: break
        case .hello(let hello):
            try delegate?.connection(self, didReceive: hello)
            updateTimer()
            delegate?.connectionHasCapacity(self)
        case .call(let slot, let call):
            let stream = CallStream(loop: loop)
            place(stream, slot)
            delegate?.connection(self, didOpen: stream, call)
        case .data(let slot, let isLast, let isFirst, let endsSending, let flow):
            if decoder.payloadLeft > 0, let stream = streams[slot] {
                stream.receivePart(payload, isFirst: isFirst)
                longFrame = LongFrame(stream: stream, isLast: isLast, endsSending: endsSending, flow: flow)
                return
            }
            streams[slot]?.receive(payload, isFirst: isFirst, isLast: isLast, endsSending: endsSending, flow: flow)
        case .endOfMessages(let slot): streams[slot]?.receiveEndOfMessages()
        case .messageTooLarge(let slot):
            refuse(slot, "a message is longer than the \(configuration.limits.maxMessageBytes) bytes accepted")
        case .tooMuchHeld(let slot): refuseHolding(slot)
        case .end(let slot, let end):
            guard let stream = streams[slot] else { return }
            stream.owner?.streamDidEnd(stream, .status(RPCError(end)))
        case .cancelled(let slot, let cancel):
            guard let stream = streams[slot] else { return }
            if machine.role == .server {
                stream.owner?.streamDidEnd(stream, .cancelledByPeer)
            } else {
                let code = StatusCode(rawValue: cancel.code) ?? .unknown
                stream.owner?.streamDidEnd(stream, .status(RPCError(code == .ok ? .cancelled : code, cancel.message)))
            }
        case .pong: break
        case .goAway(let goAway):
            if machine.role == .client {
                let ending: StreamEnding =
                    goAway.reason == CloseReason.unauthenticated.rawValue
                    ? .status(RPCError.refusedConnection(to: peer, goAway.message))
                    : .connectionLost(RPCError(.unavailable, goAway.sentence(of: peer)), wasStarted: false)
                for stream in streams.compactMap({ $0 }) where machine.streamID(stream.slot) > goAway.lastStream {
                    machine.cancel(stream.slot, .cancelled)
                    stream.owner?.streamDidEnd(stream, ending)
                }
                // They are to be retried, so the end of the connection must not end them again.
                clearReleased()
            }
            delegate?.connection(self, didReceive: goAway)
        }
    }

    private func refuseHolding(_ slot: Int) {
        refuse(slot, "the calls of this connection hold \(configuration.limits.maxHeldBytes) bytes already")
    }

    private func refuse(_ slot: Int, _ reason: String) {
        guard let stream = streams[slot] else { return }
        let error = RPCError(.resourceExhausted, reason)
        if machine.role == .server {
            machine.endNow(slot, error)
            stream.owner?.streamDidEnd(stream, .status(error))
        } else {
            machine.cancel(slot, .resourceExhausted)
            stream.owner?.streamDidEnd(stream, .status(error))
        }
    }

    // Writing.

    func setDirty() {
        guard !isDirty, phase == .open || phase == .flushing else { return }
        isDirty = true
        loop.flushAtEndOfTurn(self)
    }

    private func setDirtyIfNeeded() {
        if machine.hasOutput { setDirty() }
    }

    private func write() {
        var unblocked: [Int] = []
        for _ in 0..<Self.maxWritesPerTurn where phase == .open || phase == .flushing {
            if unsent.isEmpty {
                guard fillAndWrite(&unblocked) else { break }
            } else {
                guard writeUnsent() else { break }
            }
        }
        countKeptBytes()
        guard phase == .open || phase == .flushing else { return }
        // Only now, so that what they send goes out with what their tasks send next.
        for slot in unblocked where slot < streams.count { streams[slot]?.continueSending() }
        if unsent.isEmpty {
            times.outputStalledSince = 0
            if machine.hasOutput {
                setDirty()
            } else if phase == .flushing {
                linger()
            } else if isDraining, machine.streamCount == 0 {
                beginClosing(ConnectionError(.drain, "the connection was drained"))
            }
        }
        updateInterest()
    }

    /// Writes a batch. False where nothing is left or nothing more is taken.
    private func fillAndWrite(_ unblocked: inout [Int]) -> Bool {
        guard machine.hasOutput else { return false }
        loop.batch.removeAll()
        machine.fill(&loop.batch, maxBytes: Self.bytesPerWrite)
        unblocked += loop.batch.unblocked
        let result = loop.batch.withVectors { transport.write($0) }
        switch result {
        case .bytes(let count): loop.batch.keepRest(after: count, in: &unsent)
        case .wouldBlock: loop.batch.keepRest(after: 0, in: &unsent)
        case .endOfStream: close(ConnectionError(.drain, "the peer closed the connection"))
        case .failed(let error): close(ConnectionError(.drain, error.reason))
        case .rejected(let reason): reject(ConnectionError(.unauthenticated, reason))
        }
        guard phase != .closed else { return false }
        clearReleased()
        if !unsent.isEmpty, times.outputStalledSince == 0 {
            times.outputStalledSince = loop.now
            updateTimer()
        }
        return unsent.isEmpty
    }

    /// Writes output that was not taken. False where nothing more is taken.
    private func writeUnsent() -> Bool {
        switch unsent.withVectors({ transport.write($0) }) {
        case .bytes(let count):
            times.outputStalledSince = loop.now
            unsent.removeFirst(count)
            return unsent.isEmpty
        case .wouldBlock: return false
        case .endOfStream: close(ConnectionError(.drain, "the peer closed the connection"))
        case .failed(let error): close(ConnectionError(.drain, error.reason))
        case .rejected(let reason): reject(ConnectionError(.unauthenticated, reason))
        }
        return false
    }

    /// Watches for what can be done now: writing only with output left over, reading only while the peer reads, too.
    private func updateInterest() {
        guard let registration, phase != .closed else { return }
        var events: UInt32 = 0
        let isReadable =
            phase == .lingering
            || (phase == .open && machine.controlBytes <= configuration.limits.maxControlOutputBytes)
        if isReadable { events |= EPOLLIN.rawValue }
        if transport.awaitsWritable(hasOutput: !unsent.isEmpty) { events |= EPOLLOUT.rawValue }
        guard events != watchedEvents else { return }
        watchedEvents = events
        loop.modify(registration, events: events)
    }

    // Ending.

    /// Accepts no further stream; closes when the last one is over. What is left after `grace` is the caller's to end.
    package func startDrain(_ reason: CloseReason, _ message: String, grace: Duration) {
        loop.assertOnLoop()
        guard phase == .open else { return }
        isDraining = true
        machine.sendGoAway(reason, message, graceMilliseconds: grace.nanoseconds / 1_000_000)
        if reason != .drain {
            times.drainUntil = loop.now + grace.nanoseconds
            updateTimer()
        }
        setDirty()
    }

    /// Ends the connection for a broken rule: says why, and closes.
    package func fail(_ error: ConnectionError) {
        loop.assertOnLoop()
        guard phase == .open else { return }
        machine.sendGoAway(error.reason, error.message)
        beginClosing(error)
    }

    /// Ends every stream and closes once what is queued has gone out.
    package func beginClosing(_ error: ConnectionError) {
        guard phase == .open else { return }
        guard transport.isEstablished else { return close(error) }
        endStreams(error)
        closeError = error
        phase = .flushing
        isDirty = false
        setDirty()
        times.closeBy = loop.now + configuration.stallTimeout.nanoseconds
        updateTimer()
    }

    /// The transport has refused the peer. Waits for it to close, so that it gets to read why.
    private func reject(_ error: ConnectionError) {
        guard phase != .closed else { return }
        endStreams(error)
        closeError = error
        unsent.removeAll()
        linger()
    }

    private func linger() {
        transport.finishWriting()
        phase = .lingering
        times.closeBy = loop.now + 1_000_000_000
        updateTimer()
        updateInterest()
    }

    private func endStreams(_ error: ConnectionError) {
        let open = streams.compactMap { $0 }
        let reason =
            error.message.isEmpty ? "connection to \(peer) lost" : "connection to \(peer) lost: \(error.message)"
        for stream in open {
            stream.owner?.streamDidEnd(
                stream,
                .connectionLost(RPCError(.unavailable, reason, cause: error), wasStarted: true))
            stream.detach()
        }
        streams = []
        longFrame = nil
    }

    /// Closes at once.
    ///
    /// - Parameter aborting: Drop what the system has still to send: the peer does not take it.
    package func close(_ error: ConnectionError, aborting: Bool = false) {
        loop.assertOnLoop()
        guard phase != .closed else { return }
        phase = .closed
        if let registration { loop.deregister(registration) }
        registration = nil
        if aborting { transport.abort() } else { transport.close() }
        times.cancel(on: loop)
        unsent.removeAll()
        endStreams(error)
        countKeptBytes()
        let delegate = delegate
        self.delegate = nil
        delegate?.connectionDidClose(self, closeError ?? error)
    }
}

extension Connection: EventHandler {
    package func handleEvents(_ events: UInt32) {
        if events & EPOLLOUT.rawValue != 0 {
            if unsent.isEmpty { transport.flush() }
            write()
        }
        guard phase != .closed else { return }
        let ended = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        if events & EPOLLIN.rawValue != 0 || (ended && watchedEvents & EPOLLIN.rawValue != 0) {
            read()
        } else if ended {
            close(ConnectionError(.drain, "the connection was reset"))
        }
    }
}

extension Connection: OutputFlushing {
    package func flushOutput() {
        isDirty = false
        if machine.hasStarved {
            for slot in machine.takeStarved() { refuseHolding(slot) }
            clearReleased()
        }
        // With output left over the transport says when it takes more.
        if unsent.isEmpty { write() } else { updateInterest() }
    }
}
