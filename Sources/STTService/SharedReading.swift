import STTCore
import Synchronization

/// Something that is read at most once in a while, however many ask for it.
///
/// Concurrency: the mutex guards the last reading. Of those who find it too old, one reads and the others wait for it.
final class SharedReading<Value: Sendable>: Sendable {
    private struct Reading {
        var began: ContinuousClock.Instant
        var task: Task<Result<Value, PortError>, Never>
    }

    private let freshness: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let read: @Sendable () async throws(PortError) -> Value
    private let last = Mutex<Reading?>(nil)

    /// - Parameter freshness: How long a reading is good for, counted from its begin.
    init(
        freshness: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        read: @escaping @Sendable () async throws(PortError) -> Value
    ) {
        self.freshness = freshness
        self.now = now
        self.read = read
    }

    func value() async -> Result<Value, PortError> {
        let now = now()
        let task = last.withLock { last in
            if let last, now < last.began + freshness { return last.task }
            let read = read
            let task = Task { () async -> Result<Value, PortError> in
                do throws(PortError) {
                    return .success(try await read())
                } catch {
                    return .failure(error)
                }
            }
            last = Reading(began: now, task: task)
            return task
        }
        return await task.value
    }
}
