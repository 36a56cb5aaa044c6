internal import STTCore

/// Makes port errors: each names the server and what to do, none a password.
struct RedisErrors: Sendable {
    /// Such as "127.0.0.1:6379".
    let server: String

    init(_ configuration: RedisConfiguration) {
        server = configuration.address.description
    }

    func unavailable(_ message: String) -> PortError {
        PortError(.unavailable, port: RedisClient.port, message)
    }

    func cannotConnect(_ reason: String) -> PortError {
        unavailable(
            "cannot connect to \(server): \(reason). Check that Redis runs there and that the address is right.")
    }

    func connectionLost(_ reason: String) -> PortError {
        unavailable("the connection to \(server) was lost: \(reason)")
    }

    func noAnswer(within time: Duration) -> PortError {
        unavailable("\(server) did not answer within \(time.seconds) s. Check the load of Redis and the network.")
    }

    var closed: PortError { unavailable("the connection to \(server) was closed by this process") }

    /// - Parameter text: What the server said, code word first.
    func refused(_ text: String) -> PortError {
        let code = text.prefix { $0 != " " }
        switch code {
        case "WRONGPASS", "NOAUTH":
            return unavailable("\(server) refused the user or password (\(code)). Check REDIS_URL or REDIS_PASSWORD.")
        case "NOPERM":
            return unavailable("the user may not do this on \(server): \(text). Extend its ACL.")
        case "OOM":
            return PortError(
                .storageFull, port: RedisClient.port,
                "\(server) has used up its memory: \(text). Raise maxmemory or find out what fills it.")
        case "READONLY":
            return unavailable("\(server) is a read-only replica (\(code)). Name the master's address.")
        case "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN":
            return unavailable("\(server) is not ready yet: \(text)")
        case "MOVED", "ASK":
            return unavailable("\(server) is a cluster node that does not hold the keys. Name the node that does.")
        case "WRONGTYPE":
            return PortError(
                .corrupt, port: RedisClient.port,
                "a key on \(server) is used by something else: \(text). Set another key prefix.")
        default:
            return unavailable("\(server) refused a command: \(text)")
        }
    }

    /// - Parameter text: What the server said to AUTH. Not shown: it may repeat the password.
    func refusedLogin(_ text: String) -> PortError {
        let code = text.prefix { $0.isUppercase }
        return unavailable(
            "\(server) refused the user or password (\(code.isEmpty ? "ERR" : code)). Check REDIS_URL or REDIS_PASSWORD."
        )
    }

    func notRedis(_ reason: String) -> PortError {
        unavailable("\(server) does not talk as Redis does: \(reason). Check the address.")
    }
}

extension RedisConfiguration.Address: CustomStringConvertible {
    /// Without credentials: `host:port` or the path of the socket.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
