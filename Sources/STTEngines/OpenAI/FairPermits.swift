import Synchronization

/// A number of permits, given to those who wait in the order of their coming.
///
/// Concurrency: any task; the mutex protects the state, and waiters are resumed outside it, each once: whoever takes a
/// waiter out of the queue resumes it.
final class FairPermits: Sendable {
    private struct Waiter {
        var id: UInt64
        var wake: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var free: Int
        var nextID: UInt64 = 0
        var queue: [Waiter] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: max(1, count)))
    }

    /// Those who wait.
    var waiting: Int { state.withLock { $0.queue.count } }

    var free: Int { state.withLock { $0.free } }

    /// Takes a permit, which the caller has to give back.
    func take() async throws(EngineWaitCancelled) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isGranted = await withTaskCancellationHandler {
            await withCheckedContinuation { wake in
                let decided: Bool? = state.withLock { state in
                    // A cancellation after this look finds the waiter in the queue.
                    if Task.isCancelled { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.queue.append(Waiter(id: id, wake: wake))
                    return nil
                }
                if let decided { wake.resume(returning: decided) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.queue.firstIndex { $0.id == id }.map { state.queue.remove(at: $0) }
            }
            waiter?.wake.resume(returning: false)
        }
        if !isGranted { throw EngineWaitCancelled() }
    }

    func giveBack() {
        let next = state.withLock { state -> Waiter? in
            guard state.queue.isEmpty else { return state.queue.removeFirst() }
            state.free += 1
            return nil
        }
        next?.wake.resume(returning: true)
    }
}
