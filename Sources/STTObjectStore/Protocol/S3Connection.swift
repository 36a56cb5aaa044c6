import Logging
import STTCore
import STTHTTP

/// Sends signed requests and sends them again where that may help.
///
/// Every request of the store is safe to repeat: it reads, replaces an object or a part by the same bytes, removes, or
/// begins an upload that is collected where its answer was lost.
///
/// Concurrency: immutable; the client looks after itself.
final class S3Connection: Sendable {
    static let maximumDocumentBytes = 16 << 20
    private static let maximumErrorBytes = 64 << 10
    private static let attempts = 4
    /// After this long, or this long after the last progress of a download, nothing is tried again.
    private static let patience = Duration.seconds(90)
    private static let longestDelay = Duration.seconds(3)
    static let emptyHash = MessageDigest.of([], .sha256).hexadecimal

    let endpoint: S3Endpoint
    let bucket: String
    let logger: Logger
    private let region: String
    private let signer: S3Signer
    private let client: HTTPClient
    private let stallTimeout: Duration

    init(_ configuration: S3Configuration, logger: Logger) throws(PortError) {
        endpoint = try S3Endpoint(configuration)
        bucket = configuration.bucket
        region = configuration.region
        signer = S3Signer(
            accessKey: configuration.accessKey, secretKey: configuration.secretKey,
            sessionToken: configuration.sessionToken, region: configuration.region)
        stallTimeout = max(.milliseconds(10), configuration.stallTimeout)
        self.logger = logger
        do throws(HTTPFailure) {
            client = try HTTPClient(maximumConnections: configuration.maximumConnections)
        } catch {
            throw PortError(.unavailable, port: S3ObjectStore.port, "libcurl cannot be set up: \(error)", cause: error)
        }
    }

    /// Sends a request, again where that may help, and collects the answer.
    func send(_ request: S3Request) async throws(PortError) -> HTTPResponse {
        do throws(S3Failure) {
            return try await retrying(request) { () async throws(S3Failure) in try await self.once(request) }
        } catch {
            throw portError(error, request)
        }
    }

    /// Sends a request once.
    func once(_ request: S3Request) async throws(S3Failure) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await client.send(signed(request), maximumBytes: Self.maximumDocumentBytes)
        } catch {
            throw S3Failure(.transport(error))
        }
        guard (200..<300).contains(response.status) else { throw S3Failure(response.head, body: response.body) }
        return response
    }

    /// Sends a request once and lends the answer while its body comes. An answer that refuses is thrown.
    func streaming<Result>(
        _ request: S3Request, _ body: (HTTPHead, HTTPBody) async throws -> Result
    ) async throws -> Result {
        do {
            return try await client.withResponse(to: signed(request)) { head, pieces in
                guard (200..<300).contains(head.status) else {
                    var document: [UInt8] = []
                    while document.count < Self.maximumErrorBytes, let piece = try await pieces.next() {
                        document += piece
                    }
                    throw S3Failure(head, body: document)
                }
                return try await body(head, pieces)
            }
        } catch let failure as HTTPFailure {
            throw S3Failure(.transport(failure))
        }
    }

    /// Makes an attempt again, with full jitter, while it fails for a reason that may pass.
    func retrying<Value>(
        _ request: S3Request, _ attempt: () async throws(S3Failure) -> Value
    ) async throws(S3Failure) -> Value {
        var retries = S3Retries(connection: self, request: request)
        while true {
            do throws(S3Failure) {
                return try await attempt()
            } catch {
                try await retries.wait(after: error)
            }
        }
    }

    func portError(_ failure: S3Failure, _ request: S3Request) -> PortError {
        PortError(
            failure, request: "\(request.method) \(endpoint.scheme)://\(endpoint.host)", bucket: bucket,
            key: request.key, region: region)
    }

    private func signed(_ request: S3Request) -> HTTPRequest {
        let path = endpoint.path(of: request.key)
        let hash = request.payloadHash ?? request.body.map { MessageDigest.of($0, .sha256).hexadecimal }
        let headers = signer.headers(
            signing: .init(
                method: request.method, host: endpoint.host, path: path, query: request.query,
                headers: request.headers, payloadHash: hash ?? Self.emptyHash), at: HTTPDate.now)
        let query = request.query.isEmpty ? "" : "?\(S3QueryItem.encoded(request.query))"
        let movesObject = request.method == "GET" || request.method == "PUT"
        return HTTPRequest(
            request.method, "\(endpoint.scheme)://\(endpoint.host)\(path)\(query)", headers: headers,
            body: request.body.map { .bytes($0) } ?? .none,
            timeouts: HTTPTimeouts(
                connect: min(.seconds(5), stallTimeout), stall: stallTimeout,
                total: .seconds(movesObject ? 3_600 : 300)))
    }

    /// How often, and how soon, a request was tried again.
    struct S3Retries {
        let connection: S3Connection
        let request: S3Request
        private var failures = 0
        private var deadline = ContinuousClock.now + S3Connection.patience

        init(connection: S3Connection, request: S3Request) {
            self.connection = connection
            self.request = request
        }

        /// Starts counting anew.
        mutating func madeProgress() {
            failures = 0
            deadline = .now + S3Connection.patience
        }

        /// Throws the failure where trying again is of no use.
        mutating func wait(after failure: S3Failure) async throws(S3Failure) {
            failures += 1
            let longest = min(S3Connection.longestDelay, .milliseconds(100) * (1 << failures))
            let delay = longest * Double.random(in: 0...1)
            guard failure.isTransient, failures < S3Connection.attempts, .now + delay < deadline else { throw failure }
            connection.logger.debug(
                "a request to the object store is tried again",
                metadata: [
                    "request": "\(request.method)", "key": "\(request.key)", "failure": "\(failure.reason)",
                    "attempt": "\(failures + 1)",
                ])
            do {
                try await Task.sleep(for: delay)
            } catch {
                throw S3Failure(.transport(.cancelled))
            }
        }
    }
}
