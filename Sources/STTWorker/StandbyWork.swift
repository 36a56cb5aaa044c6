import Logging
import STTCore
import Synchronization

/// Gives the slots their work: from the queue, and while that is out of reach straight from the store.
///
/// A queue carries hints only, so its loss may cost order and latency but not the work. From the store, workers see the
/// same items; the claims decide who gets which.
///
/// Concurrency: any task; a mutex protects the state, and waits are cancelled outside it.
final class StandbyWork: Sendable {
    /// Names deliveries that no queue made.
    static let deliveryID = "store"
    /// Probes of the queue in a row that have to fail before the store is asked.
    private static let patience = 2
    private static let limit = 64

    private struct State {
        var failures = 0
        var items: [WorkLane: [WorkItem]] = [:]
        var nextID = 0
        var waits: [Int: @Sendable () -> Void] = [:]

        var isNeeded: Bool { failures >= patience }
    }

    private let ports: WorkerPorts
    private let interval: Duration
    private let logger: Logger
    private let state = Mutex(State())

    init(ports: WorkerPorts, interval: Duration, logger: Logger) {
        self.ports = ports
        self.interval = interval
        self.logger = logger
    }

    // MARK: The watch over the queue

    /// Watches until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await probe()
            do { try await ports.time.sleep(for: interval) } catch { return }
        }
    }

    private func probe() async {
        do throws(PortError) {
            _ = try await ports.queue.depth
            let wasNeeded = state.withLock { state in
                defer {
                    state.failures = 0
                    state.items = [:]
                }
                return state.isNeeded
            }
            if wasNeeded { logger.notice("the queue is back") }
        } catch {
            guard error.code == .unavailable else { return }
            let (failures, waits) = state.withLock { state in
                state.failures += 1
                guard state.isNeeded else { return (state.failures, [@Sendable () -> Void]()) }
                defer { state.waits = [:] }
                return (state.failures, state.waits.values.map(\.self))
            }
            if failures == Self.patience {
                logger.warning("the queue is out of reach, taking work from the store", metadata: ["error": "\(error)"])
            }
            if failures >= Self.patience { await look() }
            for cancel in waits { cancel() }
        }
    }

    private func look() async {
        do throws(PortError) {
            // In another order on each worker, so that not all want the same.
            let work = try await ports.store.claimableWork(limit: Self.limit).shuffled()
            let items = Dictionary(grouping: work, by: \.lane)
            state.withLock { state in
                if state.isNeeded { state.items = items }
            }
        } catch {
            ports.troubles.note("neither queue nor store can be asked for work", error, logger: logger)
        }
    }

    // MARK: The slots' side

    /// Waits for the next item. Throws `cancelled` when the task is cancelled.
    func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        while !Task.isCancelled {
            let (isNeeded, item) = state.withLock { ($0.isNeeded, $0.items[lane]?.popLast()) }
            if let item { return WorkDelivery(item: item, id: Self.deliveryID) }
            if isNeeded {
                do { try await ports.time.sleep(for: interval / 4) } catch { break }
            } else if let delivery = try await waitForQueue(lane) {
                return delivery
            }
        }
        throw PortError(.cancelled, port: "work queue", "the wait for work was cancelled")
    }

    /// `nil` where the queue was given up meanwhile.
    private func waitForQueue(_ lane: WorkLane) async throws(PortError) -> WorkDelivery? {
        let waiting = Task { [queue = ports.queue] in
            do throws(PortError) {
                return Result<WorkDelivery, PortError>.success(try await queue.next(lane))
            } catch {
                return .failure(error)
            }
        }
        let id: Int? = state.withLock { state in
            guard !state.isNeeded else { return nil }
            state.nextID += 1
            state.waits[state.nextID] = { waiting.cancel() }
            return state.nextID
        }
        if id == nil { waiting.cancel() }
        defer {
            if let id { state.withLock { $0.waits[id] = nil } }
        }
        let outcome = await withTaskCancellationHandler {
            await waiting.value
        } onCancel: {
            waiting.cancel()
        }
        if case .failure(let error) = outcome, error.code == .cancelled, !Task.isCancelled { return nil }
        return try outcome.get()
    }
}
