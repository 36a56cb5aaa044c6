internal import Logging
internal import RPCTransport
internal import RPCWire

#if canImport(Glibc)
    internal import Glibc
#endif

/// Accepts connections of one listening socket and gives each to the loop that has the least to do.
///
/// Concurrency: belongs to one loop, which only accepts, so that no handler delays it, and is touched on its thread only,
/// but for the constants.
final class Acceptor: @unchecked Sendable {
    /// So many at most before the loop sees to its connections again.
    private static let maxPerTurn = 64
    /// Without descriptors left, accepting is tried again after this.
    private static let pause = Duration.milliseconds(100)

    let listener: SocketListener
    private let loop: EventLoop
    private let servers: [ServerLoop]
    private let census: ConnectionCensus
    private let logger: Logger
    private var registration: EventRegistration?
    private var timer: TimerID?
    private var next = 0
    private var isClosed = false
    /// Connections turned away since the last line in the log, and when that was.
    private var refusals = 0
    private var refusalsLogged: UInt64 = 0
    private static let refusalLogInterval: UInt64 = 1_000_000_000

    init(_ listener: SocketListener, servers: [ServerLoop], loop: EventLoop, census: ConnectionCensus, logger: Logger) {
        self.listener = listener
        self.servers = servers
        self.loop = loop
        self.census = census
        self.logger = logger
    }

    func start() {
        guard !isClosed else { return }
        do throws(SystemError) {
            registration = try loop.register(listener.descriptor, events: EventLoop.readable, self)
        } catch {
            logger.error("cannot watch for connections", metadata: ["error": "\(error)"])
            timer = loop.schedule(at: loop.now + Self.pause.nanoseconds, self)
        }
    }

    /// Stops listening. Connections that the system has made already are taken first: whoever made them is told where it
    /// stands.
    func close() {
        guard !isClosed else { return }
        acceptSome()
        isClosed = true
        stopWatching()
        if let timer { loop.cancel(timer) }
        timer = nil
        listener.close()
    }

    private func stopWatching() {
        if let registration { loop.deregister(registration) }
        registration = nil
    }

    private func take(_ descriptor: Int32, _ peer: SocketAddress) {
        let addressKey = peer.host
        let name = peer.description
        guard census.enter(addressKey) else { return refuse(descriptor, name) }
        leastLoaded.take(
            SocketStream(owning: descriptor), isTLS: listener.address.isTLS, peer: name, addressKey: addressKey)
    }

    /// Equals take turns.
    private var leastLoaded: ServerLoop {
        next = (next + 1) % servers.count
        var best = servers[next]
        for offset in 1..<max(servers.count, 1) {
            let other = servers[(next + offset) % servers.count]
            if other.load < best.load { best = other }
        }
        return best
    }

    /// Says why, as far as one write goes, and closes.
    private func refuse(_ descriptor: Int32, _ peer: String) {
        logRefusal(peer)
        // With TLS a handshake would have to come first, which is what there is no room for.
        if !listener.address.isTLS {
            let bytes = goAwayFrame(.connectionLimit, "too many connections")
            _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        Glibc.close(descriptor)
    }

    /// At most one line a second, however many are turned away.
    private func logRefusal(_ peer: String) {
        refusals += 1
        guard loop.now - refusalsLogged >= Self.refusalLogInterval else { return }
        logger.warning(
            "connections were refused: there are too many", metadata: ["peer": "\(peer)", "count": "\(refusals)"])
        refusals = 0
        refusalsLogged = loop.now
    }
}

extension Acceptor: EventHandler {
    func handleEvents(_ events: UInt32) { acceptSome() }

    private func acceptSome() {
        for _ in 0..<Self.maxPerTurn where !isClosed {
            switch listener.accept() {
            case .socket(let descriptor, let peer): take(descriptor, peer)
            case .none: return
            case .failed(let error):
                logger.warning("cannot accept a connection", metadata: ["error": "\(error)"])
                stopWatching()
                timer = loop.schedule(at: loop.now + Self.pause.nanoseconds, self)
                return
            }
        }
    }
}

extension Acceptor: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        start()
    }
}
