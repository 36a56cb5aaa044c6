import Logging
import STTCore

/// Puts into the queue what the store shows as unclaimed, and marks what has expired. So neither a lost queue entry
/// nor a worker that ended loses work.
struct Reconciler: Sendable {
    let ports: WorkerPorts
    let interval: Duration
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            do throws(PortError) {
                try await pass()
            } catch {
                if error.code != .cancelled {
                    logger.warning("reconciling failed, trying again", metadata: ["error": "\(error)"])
                }
            }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    func pass() async throws(PortError) {
        let expired = try await ports.store.markExpired(limit: 1000)
        if expired > 0 { logger.info("jobs expired", metadata: ["count": "\(expired)"]) }
        let work = try await ports.store.claimableWork(limit: 10_000)
        if !work.isEmpty { try await ports.queue.enqueue(work) }
        let deleted = try await ports.store.collectable(limit: 1000)
        if !deleted.isEmpty { try await ports.queue.enqueue(deleted.map { $0.workItem(.collect) }) }
    }
}
