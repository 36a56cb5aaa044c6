import Foundation
public import STTCore

extension RedisConfiguration {
    /// Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss://`, or
    /// `unix://[user:password@]/path[?db=N]`. Other settings keep their defaults.
    /// - Throws: `invalidArgument`, whose message does not repeat the URL, as it may hold a password.
    public init(url: String) throws(PortError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
            throw Self.invalid("is no URL; percent-encode special characters of user and password")
        }
        self.init()
        username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
        if username != nil, password == nil { throw Self.invalid("has a user but no password") }
        switch scheme {
        case "redis", "rediss":
            tls = scheme == "rediss"
            guard let host = parts.host, !host.isEmpty else { throw Self.invalid("names no host") }
            let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            address = .tcp(host: bare, port: parts.port ?? 6379)
            let path = parts.path.drop { $0 == "/" }
            if !path.isEmpty { database = try Self.databaseNumber(String(path)) }
        case "unix", "redis+unix":
            guard parts.host?.isEmpty != false, parts.path.count > 1 else {
                throw Self.invalid("names no absolute path: write unix:///path")
            }
            address = .unix(path: parts.path)
        default: throw Self.invalid("begins with none of redis://, rediss:// and unix://")
        }
        for item in parts.queryItems ?? [] {
            guard item.name == "db" else { throw Self.invalid("has a parameter other than db") }
            database = try Self.databaseNumber(item.value ?? "")
        }
        try validateValues()
    }

    /// - Throws: `invalidArgument` where no connection can be made with these settings.
    func validate() throws(PortError) {
        guard !tls else {
            throw Self.invalid(
                "asks for TLS, which this build cannot do: its hiredis (0.14) has no TLS. Use redis:// or unix://, or a "
                    + "TLS tunnel on this host")
        }
        try validateValues()
    }

    private func validateValues() throws(PortError) {
        switch address {
        case .tcp(let host, let port):
            guard !host.isEmpty, (1...65_535).contains(port) else {
                throw Self.invalid("has an impossible host or port")
            }
        case .unix(let path):
            guard SocketEndpoint(unixPath: path) != nil else {
                throw Self.invalid("names a socket path that is empty or longer than 107 bytes")
            }
        }
        guard database >= 0 else { throw Self.invalid("has a negative database number") }
        guard username == nil || password != nil else { throw Self.invalid("has a user but no password") }
        guard !keyPrefix.isEmpty, !keyPrefix.contains(where: { $0 == "{" || $0 == "}" }) else {
            throw Self.invalid("has a key prefix that is empty or contains a brace")
        }
        guard connectTimeout > .zero, commandTimeout > .zero else {
            throw Self.invalid("has a timeout that is not positive")
        }
    }

    private static func databaseNumber(_ text: String) throws(PortError) -> Int {
        guard let number = Int(text), number >= 0 else { throw invalid("has a database that is no number") }
        return number
    }

    private static func invalid(_ what: String) -> PortError {
        PortError(.invalidArgument, port: RedisClient.port, "the Redis configuration \(what).")
    }
}
