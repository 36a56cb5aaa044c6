internal import Glibc

/// Turns a host's name into addresses on a thread of its own, for that blocks.
///
/// Concurrency: `completion` is made and called on the loop. The thread only carries the reference.
package final class Resolver: @unchecked Sendable {
    /// Asks for a name's addresses, and may block.
    package typealias Lookup = @Sendable (_ host: String, _ port: UInt16) throws(AddressError) -> [SocketAddress]

    private let loop: EventLoop
    private let lookup: Lookup
    private let completion: (Result<[SocketAddress], AddressError>) -> Void
    private var host = ""
    private var port: UInt16 = 0

    package init(
        loop: EventLoop, lookup: @escaping Lookup = Resolver.system,
        completion: @escaping (Result<[SocketAddress], AddressError>) -> Void
    ) {
        self.loop = loop
        self.lookup = lookup
        self.completion = completion
    }

    /// The system's resolver.
    package static let system: Lookup = { host, port throws(AddressError) in
        try SocketAddress.resolve(host: host, port: port)
    }

    /// Begins. `completion` is called in a later turn of the loop.
    package func start(host: String, port: UInt16) {
        self.host = host
        self.port = port
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
            return .success(try lookup(host, port))
        } catch {
            return .failure(error)
        }
    }

    private func deliver(_ result: Result<[SocketAddress], AddressError>) {
        loop.performLater { self.completion(result) }
    }
}
