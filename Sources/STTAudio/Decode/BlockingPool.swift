import Glibc

/// A few threads for calls into libraries that compute and read files for as long as they like, so that Swift's
/// cooperative pool never waits for them.
///
/// Concurrency: `queue` and `threadCount` are protected by `mutex`; `wakeUp` goes with it. The threads live as long as
/// the process, as does the one pool.
final class BlockingPool: @unchecked Sendable {
    static let shared = BlockingPool(maximumThreads: max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    /// For writing to files that are growing.
    static let writing = BlockingPool(maximumThreads: 4)
    /// For those who wait for bytes of files that are growing: two threads for each, one decodes and one resamples.
    static let waiting = BlockingPool(maximumThreads: 2 * PCMReader.maximumGrowing)

    private let maximumThreads: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [@Sendable () -> Void] = []
    private var threadCount = 0
    private var idleCount = 0

    private init(maximumThreads: Int) {
        self.maximumThreads = maximumThreads
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wakeUp, nil)
    }

    /// Runs work on one of the threads, in the order of calls as far as threads are free.
    func submit(_ work: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(mutex)
        queue.append(work)
        if idleCount < queue.count, threadCount < maximumThreads { startThread() }
        pthread_cond_signal(wakeUp)
        pthread_mutex_unlock(mutex)
    }

    /// Called with the mutex held. Where the system has no thread to give, the ones there are do the work; without any,
    /// the next call tries again.
    private func startThread() {
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<BlockingPool>.fromOpaque(argument).takeUnretainedValue().run() }
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard failure == 0 else { return }
        pthread_detach(thread)
        threadCount += 1
    }

    private func run() -> Never {
        pthread_mutex_lock(mutex)
        while true {
            while queue.isEmpty {
                idleCount += 1
                pthread_cond_wait(wakeUp, mutex)
                idleCount -= 1
            }
            let work = queue.removeFirst()
            pthread_mutex_unlock(mutex)
            work()
            pthread_mutex_lock(mutex)
        }
    }
}
