public import STTCore
import Synchronization

/// An event bus for subscribers in this process.
///
/// A subscriber that does not keep up loses its oldest events; it never holds up a publisher.
///
/// Concurrency: the `Mutex` guards the subscriptions. Events are handed over outside it: events that one task publishes
/// one after another arrive in that order, and those of different tasks in any.
public final class InProcessEventBus: EventBus {
    private struct State {
        var jobs: [JobID: [UInt64: AsyncStream<JobEvent>.Continuation]] = [:]
        var control: [UInt64: AsyncStream<ControlEvent>.Continuation] = [:]
        var lastID: UInt64 = 0
    }

    /// Shared with the subscriptions, which may outlive the bus.
    private final class Subscriptions: Sendable {
        let state = Mutex(State())

        func removeJobSubscription(_ id: UInt64, of job: JobID) {
            // The removed continuation is released outside the lock, because its end calls back.
            let removed = state.withLock { state in
                let removed = state.jobs[job]?.removeValue(forKey: id)
                if state.jobs[job]?.isEmpty == true { state.jobs[job] = nil }
                return removed
            }
            _ = removed
        }

        func removeControlSubscription(_ id: UInt64) {
            let removed = state.withLock { $0.control.removeValue(forKey: id) }
            _ = removed
        }
    }

    private let subscriptions = Subscriptions()
    private let bufferLimit: Int

    /// - Parameter bufferLimit: Events that are kept for a subscriber that does not keep up, 1 or more.
    public init(bufferLimit: Int = 256) {
        self.bufferLimit = max(1, bufferLimit)
    }

    deinit {
        let state = subscriptions.state.withLock { state in
            defer { state = State() }
            return state
        }
        for subscribers in state.jobs.values { subscribers.values.forEach { $0.finish() } }
        state.control.values.forEach { $0.finish() }
    }

    public func publish(_ event: JobEvent) async throws(PortError) {
        let subscribers = subscriptions.state.withLock { Array($0.jobs[event.job, default: [:]].values) }
        for subscriber in subscribers { subscriber.yield(event) }
    }

    public func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: JobEvent.self, bufferingPolicy: .bufferingNewest(bufferLimit))
        let id = subscriptions.state.withLock { state in
            state.lastID += 1
            state.jobs[job, default: [:]][state.lastID] = continuation
            return state.lastID
        }
        continuation.onTermination = { [subscriptions] _ in subscriptions.removeJobSubscription(id, of: job) }
        return EventSubscription(stream)
    }

    public func publish(control event: ControlEvent) async throws(PortError) {
        let subscribers = subscriptions.state.withLock { Array($0.control.values) }
        for subscriber in subscribers { subscriber.yield(event) }
    }

    public func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ControlEvent.self, bufferingPolicy: .bufferingNewest(bufferLimit))
        let id = subscriptions.state.withLock { state in
            state.lastID += 1
            state.control[state.lastID] = continuation
            return state.lastID
        }
        continuation.onTermination = { [subscriptions] _ in subscriptions.removeControlSubscription(id) }
        return EventSubscription(stream)
    }

    /// Subscriptions that are in force, for tests.
    package var subscriptionCount: Int {
        subscriptions.state.withLock { state in
            state.control.count + state.jobs.values.reduce(0) { $0 + $1.count }
        }
    }
}
