internal import Logging
internal import RPCTransport
internal import RPCWire
internal import STTProto

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

    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    @exclusivity(unchecked) private var callCount: UInt64 = 0
    private var isDraining = false
    @exclusivity(unchecked) var runningCalls = 0

    init(
        index: Int, loop: EventLoop, methods: MethodRegistry, configuration: RPCServerConfiguration,
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
    }

    func nextCallID() -> UInt64 {
        callCount += 1
        return callCount << 4 | index
    }

    func callReturned() {
        runningCalls -= 1
    }

    /// Takes an accepted socket over. It has been counted by the census.
    func adopt(_ transport: SocketStream, peer: String, addressKey: String?) {
        loop.assertOnLoop()
        guard !isDraining else {
            transport.close()
            return census.leave(addressKey)
        }
        let connection = Connection(
            loop: loop, transport: transport, role: .server, peer: peer, configuration: configuration.connection)
        let entry = ServerConnection(self, connection, addressKey: addressKey)
        connection.delegate = entry
        do throws(SystemError) {
            try connection.start(ControlMessage.Hello(instanceID: instanceID, agent: configuration.agent))
            connections[ObjectIdentifier(entry)] = entry
        } catch {
            logger.warning("cannot watch a connection", metadata: ["peer": "\(peer)", "error": "\(error)"])
            connection.delegate = nil
            transport.close()
            census.leave(addressKey)
        }
    }

    func connectionDidClose(_ entry: ServerConnection, addressKey: String?, _ error: ConnectionError, peer: String) {
        guard connections.removeValue(forKey: ObjectIdentifier(entry)) != nil else { return }
        logger.debug(
            "connection closed",
            metadata: ["peer": "\(peer)", "reason": "\(error.reason)", "message": "\(error.message)"])
        census.leave(addressKey)
    }

    /// Refuses new streams, lets the open ones finish.
    func drain(grace: Duration) {
        loop.assertOnLoop()
        isDraining = true
        for entry in connections.values {
            entry.connection?.startDrain(.drain, "the server is shutting down", grace: grace)
        }
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
