internal import Logging
internal import RPCTLS
internal import RPCTransport
internal import RPCWire
internal import STTProto
internal import Synchronization

/// One event loop's part of a server: its connections and their calls.
///
/// Concurrency: touched on its loop only, but for the constants.
final class ServerLoop: @unchecked Sendable {
    let loop: EventLoop
    let methods: MethodRegistry
    let loopMethods: [String: LoopMethod]
    /// Each `any Error` is an object: one for all calls of the loop. See ``LoopMethod``.
    let cancellation: any Error = CancellationError()
    let configuration: RPCServerConfiguration
    let logger: Logger
    private let index: UInt64
    private let instanceID: String
    private let census: ConnectionCensus
    let account: BufferAccount

    /// Connections that were given to this loop and are not closed. Any thread.
    private let connectionCount = Atomic(0)
    /// Those that the loop has not taken over yet. Any thread.
    private let newCount = Atomic(0)
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var drainGrace = Duration.zero
    @exclusivity(unchecked) private var callCount: UInt64 = 0
    private var isDraining = false
    @exclusivity(unchecked) var runningCalls = 0
    private var turnedAway = (count: 0, logAfter: UInt64(0))
    var relieved = (calls: 0, logAfter: UInt64(0))

    init(
        index: Int, of loopCount: Int, loop: EventLoop, methods: MethodRegistry, configuration: RPCServerConfiguration,
        instanceID: String, census: ConnectionCensus, logger: Logger
    ) {
        self.index = UInt64(index)
        self.loop = loop
        self.methods = methods
        loopMethods = methods.handlers.mapValues { LoopMethod($0) }
        self.configuration = configuration
        self.instanceID = instanceID
        self.census = census
        self.logger = logger
        account = BufferAccount(limit: configuration.maxBufferedBytes / max(1, loopCount), loop: loop)
        account.relieve = { [weak self] in self?.relieve() }
        loop.bufferAccount = account
    }

    func nextCallID() -> UInt64 {
        callCount += 1
        return callCount << 4 | index
    }

    func callReturned() {
        runningCalls -= 1
    }

    /// How much a new connection would have to share this loop. A loop that does not take over what it was given is busy.
    /// Any thread.
    var load: Int { connectionCount.load(ordering: .relaxed) + 16 * newCount.load(ordering: .relaxed) }

    /// Gives an accepted socket to this loop. It has been counted by the census. Any thread.
    func take(_ socket: SocketStream, isTLS: Bool, peer: String, addressKey: String?) {
        connectionCount.add(1, ordering: .relaxed)
        newCount.add(1, ordering: .relaxed)
        let handover = Handover(socket)
        loop.perform {
            self.newCount.subtract(1, ordering: .relaxed)
            self.adopt(handover.transport, isTLS: isTLS, peer: peer, addressKey: addressKey)
        }
    }

    private func adopt(_ socket: SocketStream, isTLS: Bool, peer: String, addressKey: String?) {
        loop.assertOnLoop()
        let tls = isTLS ? configuration.tls?.current : nil
        let transport: any ByteStream = tls.map { TLSStream(accepting: socket, $0, loop: loop) } ?? socket
        let connection = Connection(
            loop: loop, transport: transport, role: .server, peer: peer, configuration: configuration.connection)
        let entry = ServerConnection(self, connection, addressKey: addressKey)
        connection.delegate = entry
        do throws(SystemError) {
            try connection.start(ControlMessage.Hello(instanceID: instanceID, agent: configuration.agent))
            connections[ObjectIdentifier(entry)] = entry
            // It was accepted a moment before the drain: it is told that nothing of it was looked at.
            if isDraining { entry.drain(grace: drainGrace) }
        } catch {
            logger.warning("cannot watch a connection", metadata: ["peer": "\(peer)", "error": "\(error)"])
            connection.delegate = nil
            transport.close()
            leave(addressKey)
        }
    }

    private func leave(_ addressKey: String?) {
        connectionCount.subtract(1, ordering: .relaxed)
        census.leave(addressKey)
    }

    func connectionDidClose(_ entry: ServerConnection, addressKey: String?, _ error: ConnectionError, peer: String) {
        guard connections.removeValue(forKey: ObjectIdentifier(entry)) != nil else { return }
        logger.debug(
            "connection closed",
            metadata: ["peer": "\(peer)", "reason": "\(error.reason)", "message": "\(error.message)"])
        leave(addressKey)
    }

    /// Refuses new calls, ends those that can be resumed elsewhere, lets the others finish.
    func drain(grace: Duration) {
        loop.assertOnLoop()
        isDraining = true
        drainGrace = grace
        for entry in Array(connections.values) { entry.drain(grace: grace) }
    }

    /// One line a second at most, whoever knocks.
    func logTurnedAway(_ peer: String, _ reason: String) {
        turnedAway.count += 1
        guard loop.now >= turnedAway.logAfter else { return }
        logger.notice(
            "a client was turned away",
            metadata: ["peer": "\(peer)", "reason": "\(reason)", "since_last_line": "\(turnedAway.count)"])
        turnedAway = (0, loop.now + 1_000_000_000)
    }

    var entries: [ServerConnection] { Array(connections.values) }

    func reauthenticate() {
        loop.assertOnLoop()
        for entry in Array(connections.values) { entry.reauthenticate() }
    }

    func cut() {
        loop.assertOnLoop()
        isDraining = true
        for entry in Array(connections.values) { entry.cut() }
    }

    func closeAll() {
        loop.assertOnLoop()
        isDraining = true
        for entry in Array(connections.values) {
            entry.connection?.close(ConnectionError(.drain, "the server has shut down"))
        }
    }
}

/// Carries a transport to the loop that owns it from then on.
///
/// Concurrency: written before it is handed over, read by the one who gets it.
private struct Handover: @unchecked Sendable {
    let transport: SocketStream

    init(_ transport: SocketStream) { self.transport = transport }
}
