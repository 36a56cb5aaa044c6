public import Logging
public import STTCore

/// The work queue of all processes.
public final class RedisWorkQueue: WorkQueue {
    private let client: RedisClient

    /// - Parameter consumer: Names this process among those that take work.
    public init(_ client: RedisClient, consumer: String, logger: Logger) {
        self.client = client
    }

    public func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError) {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }

    public func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }

    public func acknowledge(_ delivery: WorkDelivery) async throws(PortError) {}

    public var depth: Int {
        get async throws(PortError) { 0 }
    }
}
