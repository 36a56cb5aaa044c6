private import Glibc
package import RPCTransport

/// One attempt to connect to one address, up to the end of the TLS handshake where the address asks for one.
///
/// Concurrency: belongs to its loop.
package final class StreamConnector {
    package typealias Completion = (Result<any ByteStream, AddressError>) -> Void

    private let loop: EventLoop
    private let address: ServerAddress
    private let tls: TLSContext?
    private var completion: Completion?
    private var connector: SocketConnector?
    private var stream: TLSStream?
    private var registration: EventRegistration?
    private var watchesWritable = false
    private var timer: TimerID?
    private let deadline: UInt64

    /// Begins. `completion` is called once, on the loop; not after ``cancel()``.
    ///
    /// - Parameters:
    ///   - address: For errors, and the name that the server's certificate must carry.
    ///   - target: Where it leads.
    ///   - tls: For an address with TLS; nil: the system's authorities are trusted.
    package init(
        loop: EventLoop, address: ServerAddress, target: SocketAddress, timeout: Duration, tls: TLSContext?,
        completion: @escaping Completion
    ) {
        self.loop = loop
        self.address = address
        self.tls = tls
        self.completion = completion
        deadline = MonotonicClock.now() + timeout.nanoseconds
        connector = SocketConnector(loop: loop, address: address, target: target, timeout: timeout) { [self] result in
            connector = nil
            switch result {
            case .success(let socket): connected(socket)
            case .failure(let error): finish(.failure(error))
            }
        }
    }

    package func cancel() {
        completion = nil
        cleanUp()
        stream?.close()
        stream = nil
    }

    private func connected(_ socket: SocketStream) {
        guard case .tls(let host, _) = address else { return finish(.success(socket)) }
        do {
            let context = try tls ?? TLSContext.client(TLSConfiguration())
            let name = context.configuration.serverName ?? host
            let stream = try TLSStream(connecting: socket, to: name, context, loop: loop)
            self.stream = stream
            registration = try loop.register(stream.descriptor, events: EventLoop.readable, self)
            timer = loop.schedule(at: deadline, self)
            watch()
        } catch {
            fail("\(error)", isPermanent: error is TLSError)
        }
    }

    private func watch() {
        guard let stream, let registration else { return }
        let wantsWritable = stream.awaitsWritable(hasOutput: false)
        guard wantsWritable != watchesWritable else { return }
        watchesWritable = wantsWritable
        loop.modify(registration, events: EventLoop.readable | (wantsWritable ? EventLoop.writable : 0))
    }

    private func fail(_ reason: String, isPermanent: Bool) {
        stream?.close()
        stream = nil
        let error = SystemError("TLS", code: EPROTO)
        finish(.failure(AddressError(address, error, reason, isPermanent: isPermanent)))
    }

    private func finish(_ result: Result<any ByteStream, AddressError>) {
        let completion = completion
        self.completion = nil
        cleanUp()
        completion?(result)
    }

    private func cleanUp() {
        connector?.cancel()
        connector = nil
        if let registration { loop.deregister(registration) }
        registration = nil
        if let timer { loop.cancel(timer) }
        timer = nil
    }
}

extension StreamConnector: EventHandler {
    package func handleEvents(_ events: UInt32) {
        guard let stream else { return }
        if events & EventLoop.writable != 0 { stream.flush() }
        switch stream.read(into: loop.readBuffer) {
        case .bytes, .wouldBlock: break
        case .rejected(let reason): return fail(reason, isPermanent: true)
        case .endOfStream, .failed:
            return fail("the server closed the connection before TLS was set up", isPermanent: false)
        }
        guard stream.isEstablished else { return watch() }
        self.stream = nil
        finish(.success(stream))
    }
}

extension StreamConnector: TimerTarget {
    package func timerFired(now: UInt64) {
        timer = nil
        stream?.close()
        stream = nil
        finish(.failure(AddressError(address, SystemError("connect", code: ETIMEDOUT))))
    }
}
