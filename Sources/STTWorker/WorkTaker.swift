import Logging
import STTCore

/// Takes items of one lane one after another and has them handled.
///
/// An item is acknowledged when it was handled, also where that failed: the store knows what is still to be done, and
/// the reconciler brings it back. One whose acknowledgement is lost comes again, and its claim fails.
///
/// Concurrency: one per slot.
struct WorkTaker: Sendable {
    let ports: WorkerPorts
    let standby: StandbyWork
    let drain: Drain
    let lane: WorkLane
    let backoff: Backoff
    let logger: Logger

    /// What came of an item.
    enum Outcome {
        /// It is done, or it is its own fault that it is not, or it is none of ours.
        case handled
        /// A service that every item needs is out of reach: to be slow with the next.
        case impeded
    }

    /// Returns when the task is cancelled or the drain begins.
    func run(_ handle: (WorkItem, Logger) async throws(PortError) -> Outcome) async {
        var failures = 0
        while let delivery = await next() {
            switch delivery {
            case .success(let delivery):
                guard !drain.hasBegun, !Task.isCancelled else { return await putBack(delivery) }
                let outcome = await handled(delivery.item, handle)
                failures = outcome == .handled ? 0 : failures + 1
                await acknowledge(delivery)
            case .failure(let error):
                if error.code == .cancelled { return }
                failures += 1
                ports.troubles.note("queue failed, trying again", error, logger: logger)
            }
            if failures > 0 { await pause(after: failures) }
        }
    }

    /// `nil` where nothing more is to be taken.
    private func next() async -> Result<WorkDelivery, PortError>? {
        guard !Task.isCancelled else { return nil }
        return await drain.interrupting { [standby, lane] in
            do throws(PortError) {
                return .success(try await standby.next(lane))
            } catch {
                return .failure(error)
            }
        }
    }

    private func handled(
        _ item: WorkItem, _ handle: (WorkItem, Logger) async throws(PortError) -> Outcome
    ) async -> Outcome {
        var logger = logger
        logger[metadataKey: "job"] = "\(item.job)"
        do throws(PortError) {
            return try await handle(item, logger)
        } catch {
            if error.code != .cancelled {
                ports.troubles.note(
                    "work left to the reconciler", error, metadata: ["item": "\(item.kind)"], logger: logger)
            }
            return .impeded
        }
    }

    private func acknowledge(_ delivery: WorkDelivery) async {
        guard delivery.id != StandbyWork.deliveryID else { return }
        do throws(PortError) {
            try await ports.queue.acknowledge(delivery)
        } catch {
            if error.code == .cancelled { return }
            ports.troubles.note("work not acknowledged", error, logger: logger)
        }
    }

    /// Leaves an item to others that came when nothing was to be taken any more.
    private func putBack(_ delivery: WorkDelivery) async {
        guard delivery.id != StandbyWork.deliveryID else { return }
        await ports.shielded(logger: logger) { [queue = ports.queue] () async throws(PortError) in
            try await queue.acknowledge(delivery)
            try await queue.enqueue([delivery.item])
        }
    }

    private func pause(after failures: Int) async {
        let pause = min(backoff.delay(attempt: failures), .seconds(5))
        _ = await drain.interrupting { [time = ports.time] in
            // Interrupted: the loop looks after it.
            try? await time.sleep(for: pause)
        }
    }
}
