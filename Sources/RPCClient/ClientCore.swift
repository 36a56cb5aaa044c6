internal import DequeModule
internal import Logging
internal import RPCTransport
internal import RPCWire
internal import STTProto

/// A client's connections, and the calls that wait for one.
///
/// Concurrency: touched on its loop only, but for the constants.
@usableFromInline
final class ClientCore: @unchecked Sendable {
    let loop: EventLoop
    let configuration: RPCClientConfiguration
    private let addresses: [ServerAddress]
    private let logger: Logger

    /// Takes new calls.
    private var active: Connection?
    /// Every connection that is not closed: the active one, and those that finish their calls.
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var waiting: Deque<ClientCall> = []
    /// Finish their calls and are closed then.
    private var retired: Set<ObjectIdentifier> = []

    private var connector: SocketConnector?
    private var attemptErrors: [AddressError] = []
    /// Attempts of all addresses that failed in a row.
    private var failures = 0
    private var nextAttempt: UInt64 = 0
    private var timer: TimerID?
    /// What a writer gets after the end. Each `any Error` is an object: one for all calls of the client.
    let answered: any Error = RPCError(.aborted, "the server has answered already")
    @exclusivity(unchecked) var encodedMethods = EncodedMethods()
    private var isClosed = false
    private var lastError: RPCError?
    /// The address that is tried first.
    private var firstAddress = 0
    /// Where the active connection leads, and since when.
    private var activeAddress = 0
    private var activeSince: UInt64 = 0

    init(
        loop: EventLoop, addresses: [ServerAddress], configuration: RPCClientConfiguration, logger: Logger
    ) {
        self.loop = loop
        self.addresses = addresses
        self.configuration = configuration
        self.logger = logger
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
        guard !waiting.isEmpty, active == nil, connector == nil, timer == nil, !isClosed else { return }
        let now = MonotonicClock.now()
        if nextAttempt > now {
            timer = loop.schedule(at: nextAttempt, self)
        } else {
            attemptErrors = []
            attempt(0)
        }
    }

    private func attempt(_ index: Int) {
        guard index < addresses.count else { return allFailed() }
        let place = (firstAddress + index) % addresses.count
        let address = addresses[place]
        connector = SocketConnector(loop: loop, address: address, timeout: configuration.connectTimeout) {
            [weak self] result in
            guard let self else { return }
            connector = nil
            switch result {
            case .success(let transport):
                activeAddress = place
                connected(transport, address)
            case .failure(let error):
                logger.debug("cannot connect", metadata: ["address": "\(address)", "error": "\(error.reason)"])
                attemptErrors.append(error)
                attempt(index + 1)
            }
        }
    }

    private func allFailed() {
        let error = RPCError(
            .unavailable,
            attemptErrors.isEmpty
                ? "the client has no server address"
                : attemptErrors.map { $0.explanation(after: configuration.connectTimeout) }.joined(separator: "; "),
            cause: attemptErrors.last)
        lastError = error
        backOff()
        let (failing, patient) = (waiting.filter { !$0.options.waitForReady }, waiting.filter(\.options.waitForReady))
        waiting = Deque(patient)
        for call in failing { call.giveUp(error) }
        connectIfNeeded()
    }

    private func backOff() {
        let longest = configuration.maxBackoff.nanoseconds
        let full = configuration.initialBackoff.nanoseconds << min(UInt64(failures), 20)
        let wait = min(full, longest)
        failures += 1
        nextAttempt = MonotonicClock.now() + wait / 2 + UInt64.random(in: 0...max(1, wait / 2))
    }

    private func connected(_ transport: SocketStream, _ address: ServerAddress) {
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
            attemptErrors = [AddressError(address, error)]
            return allFailed()
        }
        connections[ObjectIdentifier(connection)] = connection
        active = connection
        activeSince = MonotonicClock.now()
        openWaiting()
    }

    /// A connection that is younger was not the one whose call failed.
    private static let leastAge: UInt64 = 100_000_000

    /// Takes new calls to the next address. The active connection finishes its calls.
    func moveOn() {
        loop.assertOnLoop()
        guard addresses.count > 1, let active, MonotonicClock.now() - activeSince >= Self.leastAge else { return }
        firstAddress = (activeAddress + 1) % addresses.count
        retired.insert(ObjectIdentifier(active))
        self.active = nil
        connectionHasCapacity(active)
    }

    /// Ends every call and connection.
    func close() {
        loop.assertOnLoop()
        isClosed = true
        connector?.cancel()
        connector = nil
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
        failures = 0
        nextAttempt = 0
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
        if !connection.isHelloReceived || goAway.reason != CloseReason.drain.rawValue {
            lastError = RPCError(.unavailable, "\(connection.peer) ended the connection: \(goAway.message)")
            backOff()
        }
        if active === connection { active = nil }
        connectionHasCapacity(connection)
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
        retired.remove(ObjectIdentifier(connection))
        logger.debug(
            "connection closed", metadata: ["server": "\(connection.peer)", "message": "\(error.message)"])
        if active === connection {
            active = nil
            // A host that is cut off lets each attempt wait for its time limit.
            firstAddress = (activeAddress + 1) % max(addresses.count, 1)
        }
        if !connection.isHelloReceived, nextAttempt == 0 {
            lastError = RPCError(.unavailable, "\(connection.peer): \(error.message)")
            backOff()
        }
        connectIfNeeded()
    }
}

extension ClientCore: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        nextAttempt = 0
        connectIfNeeded()
    }
}
