internal import DequeModule
internal import Glibc
internal import Logging
internal import STTCore

/// One connection to Redis that is made again whenever it breaks.
///
/// Concurrency: belongs to the loop's thread. Nothing here blocks.
final class RedisLink {
    typealias Instant = ContinuousClock.Instant

    enum Event {
        case opened
        case received(RedisValue)
        /// The connection broke, or an attempt to make one failed.
        case lost(PortError)
    }

    private enum Phase {
        case waiting(until: Instant)
        case resolving
        case connecting
        case greeting
        case open(since: Instant)
    }

    /// One that broke sooner after it was made is treated as an attempt that failed.
    private static let steadyAfter = Duration.seconds(1)

    let errors: RedisErrors
    private let configuration: RedisConfiguration
    private let clientName: String
    private let resolve: () -> Void

    private var phase: Phase
    private var attemptDeadline: Instant
    private var delay = ReconnectDelay()
    private var log: LinkLog
    private var isResolverRunning = false
    private var endpoints: [SocketEndpoint] = []
    /// While it connects.
    private var socket: RedisSocket?
    /// Once it is connected.
    private var wire: RedisWire?
    private var greeting: Deque<RedisGreeting.Step> = []
    /// Why there is no connection.
    private(set) var lastError: PortError

    /// - Parameter resolve: Starts to look the host up; ends in ``resolved(_:now:)``.
    init(_ configuration: RedisConfiguration, clientName: String, logger: Logger, resolve: @escaping () -> Void) {
        self.configuration = configuration
        self.clientName = clientName
        log = LinkLog(logger)
        self.resolve = resolve
        errors = RedisErrors(configuration)
        lastError = errors.cannotConnect("not tried yet")
        attemptDeadline = .now
        phase = .waiting(until: .now)
    }

    var isOpen: Bool { if case .open = phase { true } else { false } }

    /// No connection, and none being made at the moment.
    var isDown: Bool { if case .waiting = phase { true } else { false } }

    var unsentBytes: Int { wire?.unsentBytes ?? 0 }

    /// The descriptor to poll and for what.
    var interest: pollfd? {
        if let socket { return pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0) }
        guard let wire else { return nil }
        let events = wire.unsentBytes == 0 ? POLLIN : POLLIN | POLLOUT
        return pollfd(fd: wire.descriptor, events: Int16(events), revents: 0)
    }

    /// When ``tick(now:)`` has something to do.
    var deadline: Instant? {
        switch phase {
        case .waiting(let until): until
        case .resolving, .connecting, .greeting: attemptDeadline
        case .open: nil
        }
    }

    func tick(now: Instant) -> [Event] {
        switch phase {
        case .waiting(let until) where until <= now: begin(now: now)
        case .resolving, .connecting, .greeting:
            attemptDeadline <= now ? fail("no answer within \(configuration.connectTimeout.seconds) s", now: now) : []
        case .waiting, .open: []
        }
    }

    /// Sends once the loop gets to it. Only while the link is open.
    func write(_ bytes: [UInt8]) {
        wire?.write(bytes)
    }

    /// Gives the connection up and makes a new one.
    func drop(_ error: PortError, now: Instant) -> [Event] {
        lose(error, now: now)
    }

    /// Gives the connection up for good.
    func close() {
        socket = nil
        wire = nil
        phase = .waiting(until: .now + .seconds(3600))
    }

    func resolved(_ result: Result<[SocketEndpoint], LookupFailure>, now: Instant) -> [Event] {
        isResolverRunning = false
        guard case .resolving = phase else { return [] }
        switch result {
        case .success(let found):
            endpoints = found
            return connectNext(now: now)
        case .failure(let failure): return fail("its name is unknown (\(failure.message))", now: now)
        }
    }

    // MARK: Readiness

    func ready(_ events: Int16, now: Instant) -> [Event] {
        if let socket {
            let code = socket.pendingError
            if code == 0 { return greet(over: socket, now: now) }
            lastError = errors.cannotConnect(SystemFailure(code: code).message)
            return connectNext(now: now)
        }
        guard let wire, events & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { return [] }
        let (values, loss) = wire.receive()
        var received: [Event] = []
        for value in values {
            if case .open = phase {
                received.append(.received(value))
            } else if let failure = answerGreeting(value) {
                return received + lose(failure, now: now)
            } else if greeting.isEmpty {
                open(now: now)
                received.append(.opened)
            }
        }
        return received + (loss.map { lose(error(of: $0), now: now) } ?? [])
    }

    func flush(now: Instant) -> [Event] {
        do throws(RedisWire.Loss) {
            try wire?.flush()
            return []
        } catch {
            return lose(self.error(of: error), now: now)
        }
    }

    private func error(of loss: RedisWire.Loss) -> PortError {
        switch loss {
        case .closedByServer: errors.connectionLost("the server closed it")
        case .system(let failure): errors.connectionLost(failure.message)
        case .malformed(let reason): errors.notRedis(reason)
        }
    }

    // MARK: Making a connection

    private func begin(now: Instant) -> [Event] {
        attemptDeadline = now + configuration.connectTimeout
        phase = .resolving
        switch configuration.address {
        case .unix(let path):
            endpoints = SocketEndpoint(unixPath: path).map { [$0] } ?? []
            return connectNext(now: now)
        case .tcp(let host, let port):
            if case .success(let found) = SocketEndpoint.lookUp(host, port: port, isNumeric: true) {
                endpoints = found
                return connectNext(now: now)
            }
            // A lookup that outlasts its attempt serves the next one.
            if !isResolverRunning {
                isResolverRunning = true
                resolve()
            }
            return []
        }
    }

    private func connectNext(now: Instant) -> [Event] {
        socket = nil
        while !endpoints.isEmpty {
            switch RedisSocket.connect(to: endpoints.removeFirst()) {
            case .success((let new, let isConnected)):
                phase = .connecting
                if isConnected { return greet(over: new, now: now) }
                socket = new
                return []
            case .failure(let failure): lastError = errors.cannotConnect(failure.message)
            }
        }
        return lose(lastError, now: now)
    }

    private func greet(over connected: RedisSocket, now: Instant) -> [Event] {
        socket = nil
        guard let new = RedisWire(connected) else { return fail("out of memory", now: now) }
        let greeting = RedisGreeting(configuration, clientName: clientName)
        self.greeting = Deque(greeting.steps)
        for command in greeting.commands { new.write(command.bytes) }
        wire = new
        phase = .greeting
        return flush(now: now)
    }

    private func answerGreeting(_ value: RedisValue) -> PortError? {
        guard let step = greeting.popFirst(), case .error(let text) = value else { return nil }
        switch step {
        case .login: return errors.refusedLogin(text)
        case .database(let number):
            return errors.unavailable("\(errors.server) has no database \(number), or the user may not use it: \(text)")
        case .name: return nil
        case .ping: return errors.refused(text)
        }
    }

    private func open(now: Instant) {
        phase = .open(since: now)
        log.opened()
    }

    private func fail(_ reason: String, now: Instant) -> [Event] {
        lose(errors.cannotConnect(reason), now: now)
    }

    private func lose(_ error: PortError, now: Instant) -> [Event] {
        lastError = error
        socket = nil
        wire = nil
        greeting = []
        log.lost(error, now: now)
        // The first attempt after a connection that stood follows at once.
        if case .open(let since) = phase, since + Self.steadyAfter <= now {
            delay.reset()
            phase = .waiting(until: now)
            return [.lost(error)] + begin(now: now)
        }
        phase = .waiting(until: now + delay.next())
        return [.lost(error)]
    }
}
