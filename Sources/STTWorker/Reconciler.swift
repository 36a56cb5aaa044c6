import Logging
import STTCore
import Synchronization

/// Puts into the queue what the store shows as unclaimed, and marks what has expired. So neither a lost queue entry
/// nor a worker that ended loses work.
///
/// Concurrency: one task runs passes, one after another; a mutex protects what they remember.
final class Reconciler: Sendable {
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

    /// Looks at the oldest work, which is taken first, and every few passes deeper. The first of it is always enqueued;
    /// the rest only where less waits in the queue than the store shows, so that something was lost, and every few
    /// passes in any case.
    func pass() async throws(PortError) {
        let number = passes.withLock { count in
            defer { count += 1 }
            return count
        }
        let expired = try await ports.store.markExpired(limit: 1_000)
        if expired > 0 { logger.info("jobs expired", metadata: ["count": "\(expired)"]) }
        let isDeep = number % Self.deepEvery == 0
        let work = try await ports.store.claimableWork(limit: isDeep ? Self.deepLimit : Self.usualLimit)
        var rest = work[...]
        while !rest.isEmpty {
            try await ports.queue.enqueue(Array(rest.prefix(Self.batch)))
            rest = rest.dropFirst(Self.batch)
            guard !rest.isEmpty, number % Self.refreshEvery != 0 else { continue }
            if try await ports.queue.depth >= work.count { return }
        }
    }
}
