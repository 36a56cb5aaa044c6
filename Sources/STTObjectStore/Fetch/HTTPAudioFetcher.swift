public import Logging
public import STTCore
import STTHTTP

/// Reads audio by `http` and `https`.
///
/// A client names the URL, so nothing may be reached with it that only this machine can reach: every address is judged
/// when it is connected to, after look-ups and redirects. No proxy is taken from the environment.
///
/// Concurrency: immutable; the client looks after itself.
public struct HTTPAudioFetcher: AudioFetcher {
    static let port = "audio fetcher"
    private static let maximumURLBytes = 8_192
    private static let maximumFetches = 64

    private let limits: FetchLimits
    private let logger: Logger
    private let client: Result<HTTPClient, HTTPFailure>

    public init(limits: FetchLimits, logger: Logger) {
        let onlyPublic: HTTPClient.AddressRule = { address in address.isPublic }
        self.init(limits: limits, logger: logger, allowsAddress: limits.allowsPrivateAddresses ? nil : onlyPublic)
    }

    init(limits: FetchLimits, logger: Logger, allowsAddress: HTTPClient.AddressRule?) {
        self.limits = limits
        self.logger = logger
        client = Result { () throws(HTTPFailure) in
            try HTTPClient(maximumConnections: Self.maximumFetches, addressRule: allowsAddress)
        }
    }

    public func fetch(
        _ url: String, maximumBytes: Int, _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> FetchedAudio {
        let target = try FetchTarget(url, maximumBytes: Self.maximumURLBytes)
        let request = HTTPRequest(
            "GET", url, headers: [.init("accept-encoding", "identity")],
            timeouts: HTTPTimeouts(
                connect: min(.seconds(10), limits.stallTime), stall: limits.stallTime, total: limits.totalTime),
            maximumRedirects: max(0, limits.maximumRedirects))
        let begun = ContinuousClock.now
        do {
            let fetched = try await client.get().withResponse(to: request) { head, body in
                try check(head, target, maximumBytes: maximumBytes)
                var count = 0
                while let piece = try await body.next() {
                    count += piece.count
                    guard count <= maximumBytes else { throw tooLarge(target, maximumBytes) }
                    try await receive(piece)
                }
                return FetchedAudio(byteCount: count, filename: FetchTarget.filename(of: head.url))
            }
            logger.info(
                "audio was fetched",
                metadata: [
                    "url": "\(target)", "bytes": "\(fetched.byteCount)",
                    "seconds": "\((ContinuousClock.now - begun) / .seconds(1))",
                ])
            return fetched
        } catch {
            let mapped: any Error = (error as? HTTPFailure).map { portError($0, target) } ?? error
            logger.info(
                "audio was not fetched",
                metadata: [
                    "url": "\(target)", "error": "\(mapped)",
                    "seconds": "\((ContinuousClock.now - begun) / .seconds(1))",
                ])
            throw mapped
        }
    }

    private func check(_ head: HTTPHead, _ target: FetchTarget, maximumBytes: Int) throws {
        switch head.status {
        case 200: break
        case 404, 410: throw PortError(.notFound, port: Self.port, "\(target) answers \(head.status): not found")
        case 408, 429, 500...:
            throw PortError(.unavailable, port: Self.port, "\(target) answers \(head.status): try again later")
        case 300..<400:
            throw PortError(
                .invalidArgument, port: Self.port, "\(target) answers \(head.status), a redirect that is not followed")
        default: throw PortError(.invalidArgument, port: Self.port, "\(target) answers \(head.status)")
        }
        if let encoding = head["content-encoding"], encoding.lowercased() != "identity", !encoding.isEmpty {
            throw PortError(
                .invalidArgument, port: Self.port,
                "\(target) answers in the encoding \(encoding), which was not asked for")
        }
        if let length = head["content-length"].flatMap({ Int($0) }), length > maximumBytes {
            throw tooLarge(target, maximumBytes)
        }
    }

    private func tooLarge(_ target: FetchTarget, _ maximumBytes: Int) -> PortError {
        PortError(.invalidArgument, port: Self.port, "\(target) has more than the \(maximumBytes) bytes allowed")
    }

    private func portError(_ failure: HTTPFailure, _ target: FetchTarget) -> PortError {
        func make(_ code: PortError.Code, _ reason: String) -> PortError {
            PortError(code, port: Self.port, "\(target) cannot be read: \(reason)", cause: failure)
        }
        switch failure {
        case .addressRefused(let address):
            return make(.invalidArgument, "\(address) is not an address of the public internet")
        case .invalidURL, .tooLong: return make(.invalidArgument, "\(failure)")
        case .tooManyRedirects:
            return make(.invalidArgument, "there are more than \(limits.maximumRedirects) redirects")
        case .cancelled: return make(.cancelled, "cancelled")
        case .timedOut, .unreachable: return make(.unavailable, "it did not come in time")
        case .stalled: return make(.unavailable, "no byte came for \(limits.stallTime)")
        case .refused, .unresolved, .tls, .broken, .noResources: return make(.unavailable, "\(failure)")
        }
    }
}

/// A URL that may be fetched. Described without its query, which may be a secret.
struct FetchTarget: CustomStringConvertible {
    let description: String

    init(_ url: String, maximumBytes: Int) throws(PortError) {
        func refused(_ reason: String) -> PortError {
            PortError(.invalidArgument, port: HTTPAudioFetcher.port, reason)
        }
        guard url.utf8.count <= maximumBytes else { throw refused("the URL has more than \(maximumBytes) bytes") }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw refused("the URL has a space, a backslash or a control character in it: encode them")
        }
        guard let separator = url.utf8.firstIndex(of: UInt8(ascii: ":")),
            ["http", "https"].contains(url[..<separator].lowercased()), url[separator...].hasPrefix("://")
        else { throw refused("the URL does not begin with http:// or https://") }
        let rest = url[url.index(separator, offsetBy: 3)...]
        let host = rest.prefix { !"/?#".contains($0) }
        guard !host.isEmpty else { throw refused("the URL names no host") }
        guard !host.contains("@") else { throw refused("the URL has a user name or password in it: leave it out") }
        description = String(url.prefix { !"?#".contains($0) })
    }

    /// The last part of a URL's path, decoded.
    static func filename(of url: String) -> String {
        let path = url.prefix { !"?#".contains($0) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        // The scheme, nothing, the host.
        guard parts.count > 3, let last = parts.last else { return "" }
        let name = percentDecoded(String(last), plusIsSpace: false)
        return String(name.unicodeScalars.filter { $0.value >= 0x20 && $0 != "/" && $0 != "\u{7F}" })
    }
}
