internal import CLinuxShim
internal import Glibc

/// One attempt to connect to one address.
///
/// Concurrency: belongs to its loop. Only the resolver runs elsewhere, on a thread of its own, for it blocks.
package final class SocketConnector: @unchecked Sendable {
    package typealias Completion = (Result<SocketStream, AddressError>) -> Void

    private let loop: EventLoop
    private let address: ServerAddress
    private var completion: Completion?
    private var timer: TimerID?
    private var registration: EventRegistration?
    private var descriptor: Int32 = -1
    private var targets: [SocketAddress] = []
    private var lastError: SystemError?

    /// Begins. `completion` is called once, on the loop; not after ``cancel()``.
    package init(loop: EventLoop, address: ServerAddress, timeout: Duration, completion: @escaping Completion) {
        self.loop = loop
        self.address = address
        self.completion = completion
        timer = loop.schedule(at: MonotonicClock.now() + timeout.nanoseconds, self)
        switch address {
        case .unix(let path):
            targets = [SocketAddress(unixPath: path)]
            // Not from within the initializer, so that the caller has this object when it hears of the result.
            DeferredCall.run(on: loop) { self.tryNext() }
        case .tcp(let host, let port), .tls(let host, let port): resolve(host, port)
        }
    }

    package func cancel() {
        completion = nil
        cleanUp()
    }

    private func resolve(_ host: String, _ port: UInt16) {
        let resolver = Resolver(loop: loop) { [self] result in
            guard completion != nil else { return }
            switch result {
            case .success(let found):
                targets = found
                tryNext()
            case .failure(let error): finish(.failure(error))
            }
        }
        resolver.start(host: host, port: port)
    }

    private func tryNext() {
        guard completion != nil else { return }
        while !targets.isEmpty {
            let target = targets.removeFirst()
            descriptor = socket(
                target.family,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else {
                lastError = SystemError("socket")
                continue
            }
            if !address.isUnix { setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY) }
            if target.withPointer({ connect(descriptor, $0, $1) }) == 0 { return succeed() }
            if errno == EINPROGRESS {
                do throws(SystemError) {
                    registration = try loop.register(descriptor, events: EPOLLOUT.rawValue, self)
                    return
                } catch {
                    lastError = error
                }
            } else {
                lastError = SystemError("connect")
            }
            closeDescriptor()
        }
        finish(.failure(AddressError(address, lastError ?? SystemError("connect", code: EADDRNOTAVAIL))))
    }

    private func succeed() {
        if let registration { loop.deregister(registration) }
        registration = nil
        let stream = SocketStream(owning: descriptor)
        descriptor = -1
        finish(.success(stream))
    }

    private func closeDescriptor() {
        if let registration { loop.deregister(registration) }
        registration = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func cleanUp() {
        closeDescriptor()
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func finish(_ result: Result<SocketStream, AddressError>) {
        let completion = completion
        self.completion = nil
        cleanUp()
        completion?(result)
    }
}

extension SocketConnector: EventHandler {
    package func handleEvents(_ events: UInt32) {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        if code == 0 { return succeed() }
        lastError = SystemError("connect", code: code)
        closeDescriptor()
        tryNext()
    }
}

extension SocketConnector: TimerTarget {
    package func timerFired(now: UInt64) {
        timer = nil
        finish(.failure(AddressError(address, SystemError("connect", code: ETIMEDOUT))))
    }
}

/// Runs a closure of a loop's own in one of its next turns.
///
/// Concurrency: made and run on the loop; the box only carries the closure past the compiler.
package final class DeferredCall: @unchecked Sendable {
    private let body: () -> Void

    private init(_ body: @escaping () -> Void) { self.body = body }

    package static func run(on loop: EventLoop, _ body: @escaping () -> Void) {
        let call = DeferredCall(body)
        loop.performLater { call.body() }
    }
}

/// Turns a host's name into addresses without blocking the loop.
///
/// Concurrency: `completion` is made and called on the loop. The thread only carries the reference.
private final class Resolver: @unchecked Sendable {
    private let loop: EventLoop
    private let completion: (Result<[SocketAddress], AddressError>) -> Void
    private var host = ""
    private var port: UInt16 = 0

    init(loop: EventLoop, completion: @escaping (Result<[SocketAddress], AddressError>) -> Void) {
        self.loop = loop
        self.completion = completion
    }

    func start(host: String, port: UInt16) {
        self.host = host
        self.port = port
        if let numeric = try? SocketAddress.resolve(host: host, port: port, numericOnly: true) {
            return deliver(.success(numeric))
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let resolver = Unmanaged<Resolver>.fromOpaque(context).takeRetainedValue()
                resolver.deliver(resolver.resolve())
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            let error = AddressError(.tcp(host: host, port: port), SystemError("pthread_create", code: result))
            return deliver(.failure(error))
        }
        pthread_detach(thread)
    }

    private func resolve() -> Result<[SocketAddress], AddressError> {
        do throws(AddressError) {
            return .success(try SocketAddress.resolve(host: host, port: port))
        } catch {
            return .failure(error)
        }
    }

    private func deliver(_ result: Result<[SocketAddress], AddressError>) {
        loop.performLater { self.completion(result) }
    }
}
