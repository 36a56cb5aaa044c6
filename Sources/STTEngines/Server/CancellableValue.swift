import Synchronization

/// Waits for work that goes on when the waiting task is cancelled.
///
/// Concurrency: the mutex makes sure that the continuation is resumed once, by whoever comes first.
final class CancellableValue<Value: Sendable>: Sendable {
    private enum State {
        case waiting(CheckedContinuation<Value?, Never>?)
        case done
    }

    private let state = Mutex(State.waiting(nil))

    /// The value of `task`, or nil the moment the current task is cancelled.
    static func of(_ task: Task<Value, Never>) async -> Value? {
        let waiter = CancellableValue()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = waiter.state.withLock { state in
                    if case .done = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isCancelled { return continuation.resume(returning: nil) }
                Task { waiter.finish(await task.value) }
            }
        } onCancel: {
            waiter.finish(nil)
        }
    }

    private func finish(_ value: Value?) {
        let continuation: CheckedContinuation<Value?, Never>? = state.withLock { state in
            guard case .waiting(let continuation) = state else { return nil }
            state = .done
            return continuation
        }
        continuation?.resume(returning: value)
    }
}
