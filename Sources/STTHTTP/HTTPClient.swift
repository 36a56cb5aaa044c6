/// An HTTP/1.1 client for large bodies, by libcurl.
///
/// Connections are kept and used again. TLS certificates are verified. No proxy is taken from the environment, and a URL
/// with a user name is refused.
///
/// Concurrency: all transfers run on one thread of the client's own, which ends when the client is released.
package final class HTTPClient: Sendable {
    /// Says whether an address may be connected to. Called for every connection, with the address itself.
    package typealias AddressRule = @Sendable (IPAddress) -> Bool

    private let reactor: HTTPReactor

    /// - Parameter maximumConnections: Requests at the same time, 1 or more. Others wait for their turn, which their
    ///   time-outs do not count.
    package init(maximumConnections: Int = 16, addressRule: AddressRule? = nil) throws(HTTPFailure) {
        reactor = try HTTPReactor(maximumTransfers: max(1, maximumConnections), addressRule: addressRule)
    }

    deinit {
        reactor.stop()
    }

    /// Makes a request and lends its answer, whose body comes as it is read. What is not read by the end of `body` is
    /// dropped.
    ///
    /// A task that is cancelled ends the transfer at once.
    package func withResponse<Result>(
        to request: HTTPRequest, _ body: (HTTPHead, HTTPBody) async throws -> Result
    ) async throws -> Result {
        let exchange = HTTPExchange(request)
        let reader = HTTPBody(exchange: exchange, reactor: reactor)
        reactor.start(exchange)
        defer { reactor.cancel(exchange) }
        let head = try await reader.head()
        return try await body(head, reader)
    }

    /// Makes a request and collects its answer.
    /// - Parameter maximumBytes: A longer body is `tooLong`.
    package func send(
        _ request: HTTPRequest, maximumBytes: Int = 16 << 20
    ) async throws(HTTPFailure) -> HTTPResponse {
        do {
            return try await withResponse(to: request) { head, body in
                var bytes: [UInt8] = []
                while let piece = try await body.next() {
                    guard bytes.count + piece.count <= maximumBytes else { throw HTTPFailure.tooLong }
                    if bytes.isEmpty { bytes = piece } else { bytes += piece }
                }
                return HTTPResponse(head: head, body: bytes)
            }
        } catch let failure as HTTPFailure {
            throw failure
        } catch {
            // Nothing above throws anything else.
            throw .broken("\(error)")
        }
    }
}

/// An answer's body. Read by one task.
package struct HTTPBody: Sendable {
    let exchange: HTTPExchange
    let reactor: HTTPReactor

    /// The next bytes, at most about a megabyte. `nil` at the end.
    package func next() async throws(HTTPFailure) -> [UInt8]? {
        while true {
            switch exchange.take() {
            case .bytes(let bytes, let wasPaused):
                if wasPaused { reactor.resume(exchange) }
                return bytes
            case .end: return nil
            case .failed(let failure): throw failure
            case .nothingYet: await wait()
            }
        }
    }

    func head() async throws(HTTPFailure) -> HTTPHead {
        while true {
            switch exchange.currentHead {
            case .success(let head?): return head
            case .success(nil): await wait()
            case .failure(let failure): throw failure
            }
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await exchange.waitForChange()
        } onCancel: {
            reactor.cancel(exchange)
        }
    }
}
