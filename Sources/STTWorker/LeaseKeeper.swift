import Logging
import STTCore

/// Keeps a lease alive while its work is being done, and gives the work up when the lease is gone or may be.
struct LeaseKeeper: Sendable {
    let duration: Duration
    let interval: Duration
    let running: RunningWork
    let time: WorkerTime
    let troubles: TroubleLog

    /// Runs the body under a lease that was just claimed.
    ///
    /// Where the lease could not be renewed, another worker may have it soon: the work is given up before that, also
    /// where the store does not answer at all.
    /// - Parameters:
    ///   - sent: When the claim was sent.
    ///   - body: Ends its work by `HeldLease.settle`, if it has anything to report.
    /// - Throws: `WorkInterruption`, or what the body throws.
    func hold<Result: Sendable>(
        job: JobID, sent: Duration, logger: Logger,
        renew: @escaping @Sendable () async throws(PortError) -> LeaseRenewal,
        _ body: @escaping @Sendable (HeldLease) async throws -> Result
    ) async throws -> Result {
        let lease = HeldLease(duration: duration, sent: sent, time: time, ask: renew)
        return try await running.track(job) {
            try await firstToEnd {
                try await body(lease)
            } watch: {
                try await keepAlive(lease, logger: logger)
            }
        }
    }

    private func keepAlive(_ lease: HeldLease, logger: Logger) async throws -> Never {
        var next = lease.since + interval
        while true {
            try await time.sleep(until: lease.isSettling ? next : min(next, lease.end))
            if time.now >= lease.end, lease.giveUp() { throw WorkInterruption.leaseLost }
            // It came to be settled while this slept until the lease's end.
            if time.now < next { continue }
            switch await renewal(of: lease, logger: logger) {
            case .renewed: next = lease.since + interval
            case .lost: try await interrupt(lease, .leaseLost)
            case .ended: try await interrupt(lease, .ended)
            case nil: next = time.now + interval / 6
            }
        }
    }

    /// Where the work is being settled, that finds out by itself.
    private func interrupt(_ lease: HeldLease, _ reason: WorkInterruption) async throws -> Never {
        if lease.giveUp() { throw reason }
        try await sleepUntilCancelled()
    }

    /// `nil` where the store did not answer in time.
    private func renewal(of lease: HeldLease, logger: Logger) async -> LeaseRenewal? {
        let rest = lease.isSettling ? duration : lease.end - time.now
        do throws(PortError) {
            return try await bounded(
                by: CallLimit(time: max(rest, .zero), afterCancellation: .zero), "job store", time: time
            ) { () async throws(PortError) in try await lease.renew() }
        } catch {
            if error.code != .cancelled { troubles.note("lease not renewed", error, logger: logger) }
            return nil
        }
    }
}
