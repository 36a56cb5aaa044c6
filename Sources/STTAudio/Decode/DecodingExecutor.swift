import Synchronization

/// Runs the jobs of one actor one after another on the threads of a ``BlockingPool``, taking turns with the others.
final class DecodingExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isScheduled = false
    }

    private let pool: BlockingPool
    private let state = Mutex(State())

    init(pool: BlockingPool = .shared) { self.pool = pool }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustSchedule = state.withLock { state in
            state.jobs.append(job)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { schedule() }
    }

    private func schedule() {
        pool.submit { self.runNext() }
    }

    private func runNext() {
        let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
        job?.runSynchronously(on: asUnownedSerialExecutor())
        let hasMore = state.withLock { state in
            state.isScheduled = !state.jobs.isEmpty
            return state.isScheduled
        }
        if hasMore { schedule() }
    }
}
