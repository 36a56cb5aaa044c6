import Logging
import STTCore
import Synchronization

/// Puts into the queue what the store shows as unclaimed, and marks what has expired. So neither a lost queue entry
/// nor a worker that ended loses work.
///
/// Concurrency: one task runs passes, one after another; a mutex protects what they remember.
final class Reconciler: Sendable {
    /// Of the oldest work, which is taken first.
    private static let usualLimit = 2_000
    private static let deepLimit = 50_000
    private static let deepEvery = 12
    private static let refreshEvery = 6
    private static let batch = 500

    private let ports: WorkerPorts
    private let logger: Logger
    private let passes = Mutex(0)

    init(ports: WorkerPorts, logger: Logger) {
        self.ports = ports
        self.logger = logger
    }

    /// Most passes look at the oldest work, and add nothing where at least as much waits in the queue as the store shows:
    /// then hardly anything can have been lost. Every few passes look deeper, and add what is there in any case.
    func pass() async throws(PortError) {
        let number = passes.withLock { count in
            defer { count += 1 }
            return count
        }
        let expired = try await ports.store.markExpired(limit: 1_000)
        if expired > 0 { logger.info("jobs expired", metadata: ["count": "\(expired)"]) }
        let isDeep = number % Self.deepEvery == 0
        let work = try await ports.store.claimableWork(limit: isDeep ? Self.deepLimit : Self.usualLimit)
        guard !work.isEmpty else { return }
        if number % Self.refreshEvery != 0, try await ports.queue.depth >= work.count { return }
        var start = 0
        while start < work.count {
            let end = min(start + Self.batch, work.count)
            try await ports.queue.enqueue(Array(work[start..<end]))
            start = end
        }
    }
}
