internal import CLinuxShim
internal import Glibc

/// One attempt to connect to one server.
///
/// Concurrency: belongs to its loop.
package final class SocketConnector: @unchecked Sendable {
    package typealias Completion = (Result<SocketStream, AddressError>) -> Void

    private let loop: EventLoop
    private let address: ServerAddress
    private let target: SocketAddress
    private var completion: Completion?
    private var timer: TimerID?
    private var registration: EventRegistration?
    private var descriptor: Int32 = -1

    /// Begins. `completion` is called once, on the loop, in a later turn; not after ``cancel()``.
    ///
    /// - Parameters:
    ///   - address: For errors.
    ///   - target: Where it leads.
    package init(
        loop: EventLoop, address: ServerAddress, target: SocketAddress, timeout: Duration,
        completion: @escaping Completion
    ) {
        self.loop = loop
        self.address = address
        self.target = target
        self.completion = completion
        timer = loop.schedule(at: MonotonicClock.now() + timeout.nanoseconds, self)
        // Not from within the initializer, so that the caller has this object when it hears of the result.
        DeferredCall.run(on: loop) { self.start() }
    }

    package func cancel() {
        completion = nil
        cleanUp()
    }

    private func start() {
        guard completion != nil else { return }
        descriptor = socket(
            target.family,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return fail(SystemError("socket")) }
        if !address.isUnix { setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY) }
        if target.withPointer({ connect(descriptor, $0, $1) }) == 0 { return succeed() }
        guard errno == EINPROGRESS else { return fail(SystemError("connect")) }
        do throws(SystemError) {
            registration = try loop.register(descriptor, events: EPOLLOUT.rawValue, self)
        } catch {
            fail(error)
        }
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

    private func fail(_ error: SystemError) {
        finish(.failure(AddressError(address, error)))
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
        fail(SystemError("connect", code: code))
    }
}

extension SocketConnector: TimerTarget {
    package func timerFired(now: UInt64) {
        timer = nil
        fail(SystemError("connect", code: ETIMEDOUT))
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
