/// How to reach Redis.
public struct RedisConfiguration: Sendable {
    public enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public var address: Address
    public var username: String?
    /// Never logged.
    public var password: String?
    /// 0 to 15 on a server with its defaults.
    public var database: Int
    public var tls: Bool
    /// Begins every key and channel, so that several services can share a server.
    public var keyPrefix: String
    public var connectTimeout: Duration
    /// How long a command may take once the connection stands.
    public var commandTimeout: Duration

    public init(
        address: Address = .tcp(host: "127.0.0.1", port: 6379), username: String? = nil, password: String? = nil,
        database: Int = 0, tls: Bool = false, keyPrefix: String = "stt", connectTimeout: Duration = .seconds(3),
        commandTimeout: Duration = .seconds(3)
    ) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
        self.tls = tls
        self.keyPrefix = keyPrefix
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
    }
}
