public import Logging
public import RPCTransport
internal import RPCWire
internal import Synchronization

/// Serves the methods of a registry on TCP, with TLS and without, and on unix sockets.
///
/// Concurrency: any task. The state of the listeners is in a `Mutex`; everything about a connection belongs to its event
/// loop.
public final class RPCServer: Sendable {
    private struct State {
        var isStarted = false
        var loops: [ServerLoop] = []
        /// Accepts, and does nothing else.
        var acceptLoop: EventLoop?
        var acceptors: [Acceptor] = []
        var isDrained = false
    }

    private let state = Mutex(State())
    private let methods: MethodRegistry
    private let configuration: RPCServerConfiguration
    private let logger: Logger
    private let census: ConnectionCensus
    /// How long closed connections may take to be gone, and handlers to notice that they are cancelled.
    private static let closingTime = Duration.seconds(2)

    public init(methods: MethodRegistry, configuration: RPCServerConfiguration = .init(), logger: Logger) {
        self.methods = methods
        self.configuration = configuration
        self.logger = logger
        census = ConnectionCensus(
            maxConnections: configuration.maxConnections, maxPerAddress: configuration.maxConnectionsPerAddress)
    }

    deinit {
        let (loops, acceptLoop) = state.withLock { ($0.loops, $0.acceptLoop) }
        acceptLoop?.stopLater()
        for server in loops { server.loop.stopLater() }
    }

    /// Listens. To be called once.
    ///
    /// - Returns: The addresses as bound, with the ports that the system chose.
    /// - Throws: ``RPCWire/RPCError`` with the reason where an address cannot be bound; none is bound then.
    public func start(listeningOn addresses: [ListenAddress]) async throws -> [ListenAddress] {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { throw RPCError(.failedPrecondition, "the server was started before") }
        if configuration.tls == nil, let address = addresses.first(where: \.isTLS) {
            throw RPCError(.failedPrecondition, "\(address) needs a certificate and its key; none is named")
        }
        let listeners = try bind(addresses)
        let loops: [ServerLoop]
        let acceptLoop: EventLoop
        do {
            loops = try makeLoops()
            acceptLoop = try EventLoop(name: "rpc-accept")
        } catch {
            for listener in listeners { listener.close() }
            throw RPCError(.unavailable, "cannot start the event loops: \(error)", cause: error)
        }
        let acceptors = listeners.map {
            Acceptor($0, servers: loops, loop: acceptLoop, census: census, logger: logger)
        }
        state.withLock { state in
            state.loops = loops
            state.acceptLoop = acceptLoop
            state.acceptors = acceptors
        }
        for acceptor in acceptors { await acceptLoop.run { acceptor.start() } }
        return listeners.map(\.address)
    }

    private func bind(_ addresses: [ListenAddress]) throws(RPCError) -> [SocketListener] {
        var listeners: [SocketListener] = []
        for address in addresses {
            do throws(AddressError) {
                listeners.append(try SocketListener(address, unixMode: configuration.unixSocketMode))
            } catch {
                for listener in listeners { listener.close() }
                throw RPCError(.unavailable, "cannot listen on \(address.endpoint): \(error.reason)", cause: error)
            }
        }
        return listeners
    }

    private func makeLoops() throws -> [ServerLoop] {
        let instanceID = String(UInt64.random(in: .min ... .max), radix: 16)
        let count = max(1, min(configuration.eventLoops, 16))
        return try (0..<count).map { index in
            ServerLoop(
                index: index, of: count, loop: try EventLoop(name: "rpc-server-\(index)"), methods: methods,
                configuration: configuration, instanceID: instanceID, census: census, logger: logger)
        }
    }

    /// Asks the authenticator again about every open connection, as when tokens were withdrawn. Those that it refuses
    /// now, or gives to another tenant, are ended, their calls with UNAUTHENTICATED.
    public func reauthenticate() async {
        let loops = state.withLock { $0.loops }
        for server in loops { await server.loop.run { server.reauthenticate() } }
    }

    /// Accepts nothing new, ends the calls that clients resume elsewhere, lets the others finish for at most `grace`, then
    /// cuts what is left with UNAVAILABLE and closes. The server is shut down when this returns.
    public func drain(grace: Duration) async {
        let isFirst = state.withLock { state in
            defer { state.isDrained = true }
            return !state.isDrained
        }
        guard isFirst else { return }
        let loops = await stopAccepting()
        for server in loops { await server.loop.run { server.drain(grace: grace) } }
        await census.waitUntilEmpty(atMost: grace)
        for server in loops { await server.loop.run { server.cut() } }
        async let closed: Void = census.waitUntilEmpty(atMost: Self.closingTime)
        await waitForHandlers(of: loops, atMost: Self.closingTime)
        await closed
        await shutdown()
    }

    /// A handler whose call was cut has things to undo, such as what it has stored of an upload.
    private func waitForHandlers(of loops: [ServerLoop], atMost time: Duration) async {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            var running = 0
            for server in loops { running += await server.loop.run { server.runningCalls } }
            guard running > 0 else { return }
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                return
            }
        }
    }

    /// Ends every call and closes at once.
    public func shutdown() async {
        let loops = await stopAccepting()
        for server in loops { await server.loop.run { server.closeAll() } }
        state.withLock { $0.loops = [] }
        for server in loops { await server.loop.stop() }
    }

    private func stopAccepting() async -> [ServerLoop] {
        let (loops, acceptLoop, acceptors) = state.withLock { state in
            defer {
                state.acceptors = []
                state.acceptLoop = nil
            }
            return (state.loops, state.acceptLoop, state.acceptors)
        }
        for acceptor in acceptors { await acceptLoop?.run { acceptor.close() } }
        await acceptLoop?.stop()
        return loops
    }

    /// Takes over a connected non-blocking socket, as if it had been accepted: for tests in one process.
    package func adopt(_ descriptor: Int32, peer: String) {
        guard let server = state.withLock({ $0.loops.min { $0.load < $1.load } }), census.enter(nil) else {
            return SocketStream(owning: descriptor).close()
        }
        server.take(SocketStream(owning: descriptor), isTLS: false, peer: peer, addressKey: nil)
    }
}
