import Synchronization

/// Holds tasks until it is opened, or they are cancelled.
///
/// Concurrency: any task; a mutex protects the waiters.
public final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var nextID = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var arrivals = 0
        var arrivalWaiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    public func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the gate is open or the task is cancelled.
    public func wait() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (passes, arrived) = state.withLock { state in
                    state.arrivals += 1
                    let passes = state.isOpen || Task.isCancelled
                    if !passes { state.waiters[id] = continuation }
                    let arrived = state.arrivalWaiters.filter { $0.count <= state.arrivals }
                    state.arrivalWaiters.removeAll { $0.count <= state.arrivals }
                    return (passes, arrived)
                }
                for waiter in arrived { waiter.continuation.resume() }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Returns when this many tasks have come to the gate, since it was made.
    public func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.arrivals >= count { return true }
                state.arrivalWaiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
