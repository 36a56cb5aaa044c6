internal import STTCore
import Synchronization

/// The channels on which enqueued items are announced to the workers of all processes.
///
/// Concurrency: the `Mutex` guards the subscriptions, made when this process first waits for work.
final class QueueBells: Sendable {
    private enum State {
        case silent
        case subscribing(Task<[(id: UInt64, channel: String)], any Error>)
        case listening([(id: UInt64, channel: String)])
    }

    private let client: RedisClient
    private let waiters: PerLane<LaneWaiters>
    private let state = Mutex<State>(.silent)

    init(_ client: RedisClient, _ waiters: PerLane<LaneWaiters>) {
        self.client = client
        self.waiters = waiters
    }

    deinit {
        guard case .listening(let subscriptions) = state.withLock({ $0 }) else { return }
        for subscription in subscriptions { client.unsubscribe(subscription.id, from: subscription.channel) }
    }

    func channel(_ lane: WorkLane) -> String { "{\(client.configuration.keyPrefix)}:bell:\(lane.rawValue)" }

    /// Returns once the bells are heard, or will be as soon as Redis is there.
    func listen() async throws(PortError) {
        let task = state.withLock { state -> Task<[(id: UInt64, channel: String)], any Error>? in
            switch state {
            case .listening: return nil
            case .subscribing(let task): return task
            case .silent:
                let task = Task { [client, waiters, channels = WorkLane.allCases.map { ($0, channel($0)) }] in
                    var subscriptions: [(id: UInt64, channel: String)] = []
                    for (lane, channel) in channels {
                        let id = try await client.subscribe(to: channel) { Self.hear($0, waiters[lane]) }
                        subscriptions.append((id, channel))
                    }
                    return subscriptions
                }
                state = .subscribing(task)
                return task
            }
        }
        guard let task else { return }
        switch await task.result {
        case .success(let subscriptions): state.withLock { $0 = .listening(subscriptions) }
        case .failure: throw client.errors.closed
        }
    }

    private static func hear(_ event: ChannelEvent, _ waiters: LaneWaiters) {
        switch event {
        case .message(let bytes):
            let count = String(validating: bytes, as: UTF8.self).flatMap { Int($0) } ?? 1
            waiters.ring(min(max(1, count), 1_000))
        case .restored, .ended: waiters.ringAll()
        }
    }
}
