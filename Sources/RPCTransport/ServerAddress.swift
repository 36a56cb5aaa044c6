/// Where a server listens or is reached: TCP, TCP with TLS, or a unix socket.
///
/// Parsed from `127.0.0.1:7700`, `[::1]:7700`, `localhost:7700`, `stt://host:port`, `stts://host:port` (TLS), `unix:/path`
/// and `stt+unix:/path`.
public enum ServerAddress: Sendable, Equatable, Hashable {
    /// A name or a numeric address (IPv6 without brackets), and a port.
    case tcp(host: String, port: UInt16)
    /// The same, with TLS. The host is also the name that the server's certificate has to carry.
    case tls(host: String, port: UInt16)
    /// The path of a unix socket.
    case unix(path: String)
}

/// Where a server listens. The same forms as ``ServerAddress``; port 0 lets the system choose.
public typealias ListenAddress = ServerAddress

/// Text that is not an address.
public struct InvalidAddress: Error, Sendable, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String {
        "\"\(text)\" is not an address: \(reason); write host:port, stt://host:port, stts://host:port (TLS) or unix:/path/to.sock"
    }
}

extension ServerAddress {
    /// The longest path that fits `sockaddr_un` with its terminator.
    static let maxUnixPathBytes = 107

    /// - Throws: ``InvalidAddress``, which says what is wrong and which forms there are.
    public init(parsing text: String) throws(InvalidAddress) {
        for prefix in ["stt+unix:", "unix:"] where text.hasPrefix(prefix) {
            self = try Self.parseUnix(text, path: String(text.dropFirst(prefix.count)))
            return
        }
        if text.hasPrefix("stts://") {
            let (host, port) = try Self.parseTCP(text, text.dropFirst("stts://".count))
            self = .tls(host: host, port: port)
        } else {
            let rest = text.hasPrefix("stt://") ? text.dropFirst("stt://".count) : Substring(text)
            let (host, port) = try Self.parseTCP(text, rest)
            self = .tcp(host: host, port: port)
        }
    }

    private static func parseUnix(_ text: String, path: String) throws(InvalidAddress) -> ServerAddress {
        // "unix:///path" is the URL form of the same.
        let path = path.hasPrefix("//") ? String(path.dropFirst(2)) : path
        guard !path.isEmpty else { throw InvalidAddress(text: text, reason: "the path is empty") }
        guard path.utf8.count <= maxUnixPathBytes else {
            throw InvalidAddress(text: text, reason: "the path is longer than \(maxUnixPathBytes) bytes")
        }
        guard !path.utf8.contains(0) else { throw InvalidAddress(text: text, reason: "the path holds a NUL") }
        return .unix(path: path)
    }

    private static func parseTCP(
        _ text: String, _ rest: Substring
    ) throws(InvalidAddress) -> (host: String, port: UInt16) {
        let rest = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard let colon = rest.lastIndex(of: ":") else { throw InvalidAddress(text: text, reason: "it has no port") }
        var host = rest[..<colon]
        let port = rest[rest.index(after: colon)...]
        guard !port.isEmpty, port.allSatisfy(\.isNumber), let number = UInt16(port) else {
            throw InvalidAddress(text: text, reason: "the port is not a number from 0 to 65535")
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw InvalidAddress(text: text, reason: "an IPv6 address needs brackets, as in [::1]:7700")
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains(" ") else {
            throw InvalidAddress(text: text, reason: "the host is missing or not a name")
        }
        return (String(host), number)
    }

    /// Whether connections are encrypted.
    public var isTLS: Bool {
        if case .tls = self { true } else { false }
    }

    /// What to connect to, with TLS or without; nil for a unix socket.
    package var hostAndPort: (host: String, port: UInt16)? {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port): (host, port)
        case .unix: nil
        }
    }

    package var isUnix: Bool {
        if case .unix = self { true } else { false }
    }

    /// `host:port` or the path, without a scheme: for sentences.
    public var endpoint: String {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// `stt://127.0.0.1:7700`, `stts://127.0.0.1:7701` or `unix:/path`, which ``init(parsing:)`` reads back.
    public var description: String {
        switch self {
        case .tcp: "stt://\(endpoint)"
        case .tls: "stts://\(endpoint)"
        case .unix: "unix:\(endpoint)"
        }
    }
}
