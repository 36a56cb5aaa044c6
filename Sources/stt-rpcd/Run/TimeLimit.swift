import Synchronization

/// Bounds what may hang.
enum TimeLimit {
    /// What the work returns, or `nil` past the limit. The work is cancelled then and not waited for.
    @discardableResult
    static func run<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let first = First<Value>()
        let working = Task { first.settle(await work()) }
        let timing = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            first.settle(nil)
            working.cancel()
        }
        let value = await withTaskCancellationHandler {
            await first.wait()
        } onCancel: {
            working.cancel()
            first.settle(nil)
        }
        timing.cancel()
        return value
    }
}

/// The first of two outcomes, for one waiting task.
///
/// Concurrency: any task; a mutex protects the state, and the waiter is resumed outside it.
private final class First<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value?, Never>)
        case settled(Value?)
    }

    private let state = Mutex(State.open)

    func settle(_ value: Value?) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .settled: return nil
            case .open:
                state = .settled(value)
                return nil
            case .waiting(let waiter):
                state = .settled(value)
                return waiter
            }
        }
        waiter?.resume(returning: value)
    }

    func wait() async -> Value? {
        await withCheckedContinuation { waiter in
            let settled = state.withLock { state -> Value?? in
                if case .settled(let value) = state { return .some(value) }
                state = .waiting(waiter)
                return nil
            }
            if let settled { waiter.resume(returning: settled) }
        }
    }
}
