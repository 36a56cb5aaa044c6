public import Logging
public import STTCore

/// The connections of one process to Redis.
public final class RedisClient: Sendable {
    static let port = "redis"

    let configuration: RedisConfiguration

    /// Starts connecting in the background; never blocks.
    public init(_ configuration: RedisConfiguration, logger: Logger) throws(PortError) {
        self.configuration = configuration
    }

    public func check() async throws(PortError) -> RedisServerState {
        throw PortError(.unavailable, port: Self.port, "not implemented")
    }

    public func close() async {}
}
