import Logging
import STTCore

/// Tells the registry how the worker is: at once when it starts and when it begins to drain, and at an interval.
struct WorkerReporter: Sendable {
    let identity: WorkerIdentity
    let registry: any WorkerRegistry
    let configuration: WorkerConfiguration
    let metrics: WorkerMetrics
    let drain: Drain
    let time: WorkerTime
    let logger: Logger

    /// Reports until the task is cancelled; then takes the worker off the registry.
    func run() async {
        var isFailing = false
        while !Task.isCancelled {
            // Asked for before the report is made, so that a drain that begins meanwhile is reported at once.
            let wasDraining = drain.hasBegun
            do throws(PortError) {
                try await report()
                if isFailing { logger.info("worker reported again") }
                isFailing = false
            } catch {
                if error.code == .cancelled { break }
                if !isFailing { logger.warning("worker not reported", metadata: ["error": "\(error)"]) }
                isFailing = true
            }
            await wait(untilDrain: !wasDraining)
        }
        await remove()
    }

    private func report() async throws(PortError) {
        let report = identity.report(metrics.snapshot)
        let limit = CallLimit(time: configuration.reportInterval, afterCancellation: .zero)
        try await bounded(by: limit, "worker registry", time: time) {
            [registry, configuration] () async throws(PortError) in
            try await registry.report(report, lifetime: configuration.reportLifetime)
        }
    }

    private func wait(untilDrain: Bool) async {
        let (time, interval) = (time, configuration.reportInterval)
        // Interrupted: the caller looks why.
        let sleep: @Sendable () async -> Void = { try? await time.sleep(for: interval) }
        if untilDrain { _ = await drain.interrupting(sleep) } else { await sleep() }
    }

    private func remove() async {
        let limit = CallLimit(time: configuration.stopTimeLimit, afterCancellation: configuration.stopTimeLimit)
        await Task {
            do throws(PortError) {
                try await bounded(by: limit, "worker registry", time: time) {
                    [registry, id = identity.id] () async throws(PortError) in try await registry.remove(id)
                }
            } catch {
                logger.info("worker not taken off the registry, it will be forgotten", metadata: ["error": "\(error)"])
            }
        }.value
    }
}
