internal import Logging
internal import RPCTLS
internal import RPCTransport

#if canImport(Glibc)
    internal import Glibc
#endif

/// Finds a server to connect to: looks names up, and tries what they lead to in the address book's order.
///
/// A server that does not answer at once does not hold up the others: after a moment the next is tried beside it.
///
/// Concurrency: touched on its loop only.
final class ServerSearch: @unchecked Sendable {
    /// One server: where an address, or one of those that a name has, leads.
    struct Candidate {
        let key: AddressBook.Key
        let address: ServerAddress
        let target: SocketAddress
    }

    enum Outcome {
        case found(any ByteStream, Candidate)
        case failed([AddressError])
    }

    /// An attempt goes on alone for this long. Source: RFC 8305, "Connection Attempt Delay", for a short one.
    private static let headStart = Duration.milliseconds(250)
    /// A name that leads to more servers than this is cut off.
    private static let maxCandidates = 64

    private let loop: EventLoop
    private let configuration: RPCClientConfiguration
    private let logger: Logger
    private let addresses: [ServerAddress]
    var book: AddressBook
    private var candidates: [AddressBook.Key: Candidate] = [:]
    /// What each address led to when it was looked up last.
    private var targets: [[SocketAddress]]

    private var completion: ((Outcome) -> Void)?
    private var lookups: Set<Int> = []
    private var untried: [AddressBook.Key] = []
    private var attempts: [AddressBook.Key: StreamConnector] = [:]
    private var errors: [AddressError] = []
    private var timer: TimerID?

    init(loop: EventLoop, addresses: [ServerAddress], configuration: RPCClientConfiguration, logger: Logger) {
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
        self.addresses = configuration.spreadsOverAddresses ? addresses.shuffled() : addresses
        book = AddressBook(initialBackoff: configuration.initialBackoff, maxBackoff: configuration.maxBackoff)
        targets = self.addresses.map(Self.target)
    }

    /// Where an address leads that need not be looked up.
    private static func target(of address: ServerAddress) -> [SocketAddress] {
        switch address {
        case .unix(let path): [SocketAddress(unixPath: path)]
        case .tcp(let host, let port), .tls(let host, let port):
            (try? SocketAddress.resolve(host: host, port: port, numericOnly: true)) ?? []
        }
    }

    var isRunning: Bool { completion != nil }

    /// Begins. `completion` is called once, on the loop, in a later turn; not after ``cancel()``.
    func start(_ completion: @escaping (Outcome) -> Void) {
        self.completion = completion
        errors = []
        for (index, address) in addresses.enumerated() {
            guard let (host, port) = address.hostAndPort, Self.target(of: address).isEmpty else { continue }
            lookups.insert(index)
            Resolver(loop: loop, lookup: configuration.lookup) { [self] in lookedUp(index, $0) }
                .start(host: host, port: port)
        }
        if lookups.isEmpty {
            DeferredCall.run(on: loop) { self.tryAll() }
        } else {
            timer = loop.schedule(at: MonotonicClock.now() + configuration.connectTimeout.nanoseconds, self)
        }
    }

    func cancel() {
        completion = nil
        lookups = []
        stopTimer()
        for attempt in attempts.values { attempt.cancel() }
        attempts = [:]
        untried = []
    }

    private func stopTimer() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    // Looking names up.

    private func lookedUp(_ index: Int, _ result: Result<[SocketAddress], AddressError>) {
        guard lookups.remove(index) != nil else { return }
        switch result {
        case .success(let found): targets[index] = inOrder(found, after: targets[index])
        // What the name led to before may still be right.
        case .failure(let error): if targets[index].isEmpty { errors.append(error) }
        }
        if lookups.isEmpty { tryAll() }
    }

    /// A name's servers come in another order each time; those that are known keep theirs.
    private func inOrder(_ found: [SocketAddress], after known: [SocketAddress]) -> [SocketAddress] {
        let found = configuration.spreadsOverAddresses ? found.shuffled() : found
        let names = Set(found.map(\.description))
        let known = known.filter { names.contains($0.description) }
        let knownNames = Set(known.map(\.description))
        return known + found.filter { !knownNames.contains($0.description) }
    }

    private func refreshCandidates() {
        var keys: [AddressBook.Key] = []
        candidates = [:]
        for (address, found) in zip(addresses, targets) {
            for target in found where keys.count < Self.maxCandidates {
                let key = if case .unix(let path) = address { path } else { target.description }
                guard candidates[key] == nil else { continue }
                candidates[key] = Candidate(key: key, address: address, target: target)
                keys.append(key)
            }
        }
        book.replace(with: keys)
    }

    // Trying.

    private func tryAll() {
        guard isRunning else { return }
        stopTimer()
        refreshCandidates()
        untried = book.order(now: MonotonicClock.now())
        tryNext()
    }

    private func tryNext() {
        stopTimer()
        guard isRunning else { return }
        guard !untried.isEmpty else {
            if attempts.isEmpty { finish(.failed(errors)) }
            return
        }
        let key = untried.removeFirst()
        guard let candidate = candidates[key] else { return tryNext() }
        if let dial = configuration.dial { return ended(candidate, Self.result(of: dial, candidate.address)) }
        attempts[key] = StreamConnector(
            loop: loop, address: candidate.address, target: candidate.target, timeout: configuration.connectTimeout,
            tls: configuration.tls
        ) { [weak self] in self?.ended(candidate, $0) }
        guard !untried.isEmpty else { return }
        timer = loop.schedule(at: MonotonicClock.now() + Self.headStart.nanoseconds, self)
    }

    private static func result(
        of dial: RPCClientConfiguration.Dial, _ address: ServerAddress
    ) -> Result<any ByteStream, AddressError> {
        do throws(SystemError) {
            return .success(SocketStream(owning: try dial(address)))
        } catch {
            return .failure(AddressError(address, error))
        }
    }

    private func ended(_ candidate: Candidate, _ result: Result<any ByteStream, AddressError>) {
        attempts[candidate.key] = nil
        let now = MonotonicClock.now()
        switch result {
        case .success(let transport):
            // Those that were given a head start and are not there yet are the slower ones.
            for key in attempts.keys { book.failed(key, now: now, jitter: .random(in: 0...1)) }
            finish(.found(transport, candidate))
        case .failure(let error):
            logger.debug("cannot connect", metadata: ["server": "\(candidate.key)", "error": "\(error.reason)"])
            book.failed(candidate.key, now: now, jitter: .random(in: 0...1))
            errors.append(error)
            tryNext()
        }
    }

    private func finish(_ outcome: Outcome) {
        let completion = completion
        cancel()
        completion?(outcome)
    }
}

extension ServerSearch: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        guard !lookups.isEmpty else { return tryNext() }
        for index in lookups.sorted() where targets[index].isEmpty {
            errors.append(AddressError(addresses[index], SystemError("getaddrinfo", code: ETIMEDOUT)))
        }
        lookups = []
        tryAll()
    }
}
