public import Logging
public import STTCore
import Synchronization

/// The event bus of all processes, on Redis's publish and subscribe.
///
/// While Redis is away, events are lost and subscriptions are kept; once it is back, every subscriber of a job gets
/// `jobChanged`, so that it reads the store again. Subscribers keep their newest 256 events.
///
/// Concurrency: holds nothing that changes; subscriptions belong to the client's loop.
public final class RedisEventBus: EventBus {
    private static let bufferLimit = 256

    private let client: RedisClient
    private let complaints: RareLog

    public init(_ client: RedisClient, logger: Logger) {
        self.client = client
        complaints = RareLog(logger)
    }

    public func publish(_ event: JobEvent) async throws(PortError) {
        try await publish(EventCodec.encode(event), on: channel(of: event.job))
    }

    public func publish(control event: ControlEvent) async throws(PortError) {
        try await publish(EventCodec.encode(event), on: controlChannel)
    }

    /// Returns as soon as Redis has acknowledged the subscription. Without a connection it returns soon, too: the
    /// subscription comes into force with the next one, which `jobChanged` tells.
    public func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent> {
        let complaints = complaints
        return try await subscribe(to: channel(of: job)) { event in
            switch event {
            case .message(let bytes):
                guard let event = try? EventCodec.decodeJobEvent(bytes), event.job == job else {
                    complaints.warn("dropped an unreadable event", metadata: ["job": "\(job)"])
                    return nil
                }
                return event
            case .restored, .ended: return .jobChanged(job)
            }
        }
    }

    public func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent> {
        let complaints = complaints
        return try await subscribe(to: controlChannel) { event in
            guard case .message(let bytes) = event else { return nil }
            guard let event = try? EventCodec.decodeControlEvent(bytes) else {
                complaints.warn("dropped an unreadable control event")
                return nil
            }
            return event
        }
    }

    private var controlChannel: String { "{\(client.configuration.keyPrefix)}:control" }

    private func channel(of job: JobID) -> String { "{\(client.configuration.keyPrefix)}:job:\(job)" }

    private func publish(_ bytes: [UInt8], on channel: String) async throws(PortError) {
        _ = try await client.run(RedisCommand(["PUBLISH", channel], payload: bytes))
    }

    private func subscribe<Event: Sendable>(
        to channel: String, _ read: @escaping @Sendable (ChannelEvent) -> Event?
    ) async throws(PortError) -> EventSubscription<Event> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.bufferLimit))
        let id = try await client.subscribe(to: channel) { event in
            if let event = read(event) { continuation.yield(event) }
            if case .ended = event { continuation.finish() }
        }
        continuation.onTermination = { [client] _ in client.unsubscribe(id, from: channel) }
        return EventSubscription(stream)
    }
}
