import Logging
import STTCore

/// Keeps a lease alive while its work is being done, and gives the work up when the lease is gone.
struct LeaseKeeper: Sendable {
    let store: any JobStore
    let duration: Duration
    let interval: Duration
    let running: RunningWork

    /// Runs the body under a lease that was just claimed.
    ///
    /// Where the store cannot be reached for as long as the lease lasts, another worker may have it by now: the work
    /// is given up rather than done twice.
    /// - Throws: `WorkInterruption`, or what the body throws.
    func hold<Result: Sendable>(
        job: JobID, logger: Logger, renew: @escaping @Sendable () async throws(PortError) -> LeaseRenewal,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await running.track(job) {
            try await firstToEnd(body) {
                try await keepAlive(job: job, logger: logger, renew: renew)
            }
        }
    }

    private func keepAlive(
        job: JobID, logger: Logger, renew: @Sendable () async throws(PortError) -> LeaseRenewal
    ) async throws -> Never {
        let clock = ContinuousClock()
        var lastRenewed = clock.now
        while true {
            try await Task.sleep(for: interval)
            let asked = clock.now
            switch await outcome(of: renew, logger: logger) {
            case .renewed: lastRenewed = asked
            case .lost: throw WorkInterruption.leaseLost
            case .ended:
                // Either the job is over, or the body has just committed and is about to return.
                if await isOver(job, logger: logger) { throw WorkInterruption.ended }
            case nil:
                if clock.now - lastRenewed > duration { throw WorkInterruption.leaseLost }
            }
        }
    }

    /// `nil` where the store did not answer.
    private func outcome(
        of renew: @Sendable () async throws(PortError) -> LeaseRenewal, logger: Logger
    ) async -> LeaseRenewal? {
        do {
            return try await renew()
        } catch {
            logger.warning("lease not renewed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func isOver(_ job: JobID, logger: Logger) async -> Bool {
        do {
            return try await store.job(job, tenant: nil)?.state.isTerminal ?? true
        } catch {
            logger.warning("job not read", metadata: ["error": "\(error)"])
            return false
        }
    }
}
