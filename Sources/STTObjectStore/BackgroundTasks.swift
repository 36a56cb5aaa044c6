import Synchronization

/// Work that goes on when nobody waits for it.
///
/// Concurrency: the `Mutex` guards the list of what runs.
final class BackgroundTasks: Sendable {
    private struct State {
        var next = 0
        var running: [Int: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    @discardableResult
    func start(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        state.withLock { state in
            let number = state.next
            state.next += 1
            let task = Task.detached {
                await work()
                self.ended(number)
            }
            state.running[number] = task
            return task
        }
    }

    /// Waits for the end of all that runs, and of what it starts.
    func settle() async {
        while let task = state.withLock({ $0.running.first?.value }) { await task.value }
    }

    private func ended(_ number: Int) {
        // The task cannot come here before it is in the list: that is done under the same lock.
        state.withLock { _ = $0.running.removeValue(forKey: number) }
    }
}
