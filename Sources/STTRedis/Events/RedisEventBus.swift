public import Logging
public import STTCore

/// The event bus of all processes.
public final class RedisEventBus: EventBus {
    private let client: RedisClient

    public init(_ client: RedisClient, logger: Logger) {
        self.client = client
    }

    public func publish(_ event: JobEvent) async throws(PortError) {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }

    public func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent> {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }

    public func publish(control event: ControlEvent) async throws(PortError) {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }

    public func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent> {
        throw PortError(.unavailable, port: RedisClient.port, "not implemented")
    }
}
