internal import DequeModule
internal import Logging
internal import RPCTLS
internal import RPCTransport
internal import RPCWire
internal import STTProto
internal import Synchronization

/// A client's connections, and the calls that wait for one.
///
/// Concurrency: touched on its loop only, but for the constants.
@usableFromInline
final class ClientCore: @unchecked Sendable {
    let loop: EventLoop
    let configuration: RPCClientConfiguration
    /// A server has said HELLO. Any thread.
    let hasConnected = Atomic(false)
    private let logger: Logger
    private let search: ServerSearch

    /// Takes new calls.
    @exclusivity(unchecked) private var active: Connection?
    /// Every connection that is not closed: the active one, and those that finish their calls.
    private var connections: [ObjectIdentifier: Connection] = [:]
    /// The servers of the connections, as the address book names them, until one is known to have failed.
    private var servers: [ObjectIdentifier: AddressBook.Key] = [:]
    @exclusivity(unchecked) private var waiting: Deque<ClientCall> = []
    /// Finish their calls and are closed then.
    private var retired: Set<ObjectIdentifier> = []
    private var timer: TimerID?
    /// What a writer gets after the end. Each `any Error` is an object: one for all calls of the client.
    let answered: any Error = RPCError(.aborted, "the server has answered already")
    @exclusivity(unchecked) var encodedMethods = EncodedMethods()
    @exclusivity(unchecked) private var isClosed = false
    private var lastError: RPCError?

    init(
        loop: EventLoop, addresses: [ServerAddress], configuration: RPCClientConfiguration, logger: Logger
    ) {
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
        search = ServerSearch(loop: loop, addresses: addresses, configuration: configuration, logger: logger)
    }

    /// For a sentence about a call that found no connection: `: ` and why, or nothing.
    var lastFailure: String { lastError.map { ": \($0.message)" } ?? "" }

    func submit(_ call: ClientCall) {
        loop.assertOnLoop()
        guard !isClosed else { return call.giveUp(RPCError(.cancelled, "the client is closed")) }
        if waiting.isEmpty, let active, active.canOpenStream { return call.open(on: active) }
        waiting.append(call)
        openWaiting()
        connectIfNeeded()
    }

    /// Drops a call that has ended while it waited.
    func forget(_ call: ClientCall) {
        waiting.removeAll { $0 === call }
    }

    private func openWaiting() {
        while let active, active.canOpenStream, let call = waiting.popFirst() {
            if call.outcome == nil { call.open(on: active) }
        }
    }

    private func connectIfNeeded() {
        if let active, active.isExhausted { self.active = nil }
        guard !waiting.isEmpty, active == nil, !search.isRunning, timer == nil, !isClosed else { return }
        if search.book.nextRound > MonotonicClock.now() {
            timer = loop.schedule(at: search.book.nextRound, self)
        } else {
            search.start { [weak self] outcome in
                guard let self else { return }
                switch outcome {
                case .found(let transport, let server): connected(transport, server)
                case .failed(let errors): allFailed(errors)
                }
            }
        }
    }

    private func allFailed(_ errors: [AddressError]) {
        var reasons: [String] = []
        for error in errors {
            let reason = error.explanation(after: configuration.connectTimeout)
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        let error = RPCError(
            .unavailable, reasons.isEmpty ? "the client has no server address" : reasons.joined(separator: "; "),
            cause: errors.first { !$0.isPermanent } ?? errors.last)
        lastError = error
        // A certificate that is not trusted is not so a moment later, either.
        let isHopeless = !errors.isEmpty && errors.allSatisfy(\.isPermanent)
        let failing = waiting.filter { isHopeless || !$0.options.waitForReady }
        waiting.removeAll { isHopeless || !$0.options.waitForReady }
        for call in failing { call.giveUp(error) }
        // Without an address there is nothing that a patient call could wait for, but its deadline.
        if !errors.isEmpty { connectIfNeeded() }
    }

    private func connected(_ transport: any ByteStream, _ server: ServerSearch.Candidate) {
        let address = server.address
        var settings = configuration.connection
        settings.helloTimeout = configuration.connectTimeout
        let connection = Connection(
            loop: loop, transport: transport, role: .client, peer: address.endpoint, configuration: settings)
        connection.delegate = self
        do throws(SystemError) {
            try connection.start(ControlMessage.Hello(token: configuration.token, agent: configuration.agent))
        } catch {
            connection.delegate = nil
            transport.close()
            noteFailure(of: server.key, wasConnected: false)
            return allFailed([AddressError(address, error)])
        }
        connections[ObjectIdentifier(connection)] = connection
        servers[ObjectIdentifier(connection)] = server.key
        active = connection
        openWaiting()
    }

    // Health.

    private func noteFailure(of server: AddressBook.Key, wasConnected: Bool) {
        let (now, jitter) = (MonotonicClock.now(), Double.random(in: 0...1))
        if wasConnected {
            search.book.demote(server, now: now, jitter: jitter)
        } else {
            search.book.failed(server, now: now, jitter: jitter)
        }
    }

    /// A connection's server has failed. Counts once.
    private func noteFailure(of connection: Connection) {
        guard let server = servers.removeValue(forKey: ObjectIdentifier(connection)) else { return }
        noteFailure(of: server, wasConnected: connection.isHelloReceived)
    }

    /// A server answered a call with UNAVAILABLE: new calls go to another one that is well, if there is one. The others
    /// of this connection go on.
    ///
    /// - Returns: Whether the next call goes elsewhere.
    func answeredUnavailable(_ connection: Connection) -> Bool {
        loop.assertOnLoop()
        guard connection === active, let server = servers[ObjectIdentifier(connection)] else {
            return connection !== active
        }
        noteFailure(of: server, wasConnected: true)
        guard search.book.shouldLeave(server, now: MonotonicClock.now()) else { return false }
        logger.debug("leaving a server that cannot serve", metadata: ["server": "\(server)"])
        retired.insert(ObjectIdentifier(connection))
        active = nil
        return true
    }

    /// Ends every call and connection.
    func close() {
        loop.assertOnLoop()
        isClosed = true
        search.cancel()
        if let timer { loop.cancel(timer) }
        timer = nil
        for call in waiting { call.giveUp(RPCError(.cancelled, "the client was closed")) }
        waiting = []
        for connection in Array(connections.values) {
            connection.cancelAll(RPCError(.cancelled, "the client was closed"))
            connection.flushOutput()
            connection.close(ConnectionError(.drain, "the client was closed"))
        }
    }
}

extension ClientCore: ConnectionDelegate {
    func connection(_ connection: Connection, didReceive hello: ControlMessage.Hello) throws(ConnectionError) {
        hasConnected.store(true, ordering: .relaxed)
        if let server = servers[ObjectIdentifier(connection)] { search.book.connected(server) }
        lastError = nil
        logger.debug(
            "connected",
            metadata: ["server": "\(connection.peer)", "agent": "\(hello.agent)", "instance": "\(hello.instanceID)"])
    }

    func connection(_ connection: Connection, didOpen stream: CallStream, _ call: ControlMessage.Call) {
        preconditionFailure("a client's state machine opens no stream for its peer")
    }

    func connection(_ connection: Connection, didReceive goAway: ControlMessage.GoAway) {
        logger.debug(
            "the server goes away",
            metadata: ["server": "\(connection.peer)", "reason": "\(goAway.reason)", "message": "\(goAway.message)"])
        switch CloseReason(rawValue: goAway.reason) {
        case .idle where connection.isHelloReceived: servers[ObjectIdentifier(connection)] = nil
        case .drain where connection.isHelloReceived: noteFailure(of: connection)
        default:
            lastError = RPCError(.unavailable, "\(connection.peer) ended the connection: \(goAway.message)")
            noteFailure(of: connection)
        }
        if goAway.reason == CloseReason.unauthenticated.rawValue {
            turnedAway(.refusedConnection(to: connection.peer, goAway.message))
        }
        if active === connection { active = nil }
        connectionHasCapacity(connection)
    }

    /// Another try with the same token would end the same way, so nobody waits for one.
    private func turnedAway(_ error: RPCError) {
        lastError = error
        let calls = waiting
        waiting = []
        for call in calls { call.giveUp(error) }
    }

    func connectionHasCapacity(_ connection: Connection) {
        let isLeaving = connection.isExhausted || retired.contains(ObjectIdentifier(connection))
        if isLeaving, connection.streamCount == 0 {
            connection.beginClosing(ConnectionError(.drain, "the server went away"))
        }
        openWaiting()
        connectIfNeeded()
    }

    func connectionDidClose(_ connection: Connection, _ error: ConnectionError) {
        connections[ObjectIdentifier(connection)] = nil
        let wasLeft = retired.remove(ObjectIdentifier(connection)) != nil
        logger.debug(
            "connection closed", metadata: ["server": "\(connection.peer)", "message": "\(error.message)"])
        if active === connection { active = nil }
        if !connection.isHelloReceived {
            lastError = RPCError(.unavailable, "\(connection.peer): \(error.message)")
        }
        if !wasLeft, error.reason != .idle { noteFailure(of: connection) }
        servers[ObjectIdentifier(connection)] = nil
        connectIfNeeded()
    }
}

extension ClientCore: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        connectIfNeeded()
    }
}
