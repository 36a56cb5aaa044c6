import DequeModule
public import STTCore
import Synchronization

/// A work queue for workers in this process.
///
/// Tenants take turns, measured in audio; a tenant's jobs are served oldest first. An item that waits already is not
/// added again; one that waits for its delay is brought forward by an earlier addition. Nothing is kept of an item once
/// it was delivered: the reconciler brings back what a worker lost.
///
/// Concurrency: the `Mutex` guards everything that waits, items as well as workers. Continuations are resumed outside it.
public final class InProcessWorkQueue: WorkQueue {
    private typealias Waiter = CheckedContinuation<WorkItem?, Never>

    private struct Delayed: Comparable {
        var due: Duration
        var item: WorkItem
        static func < (a: Delayed, b: Delayed) -> Bool { a.due < b.due }
    }

    private struct State {
        var lanes: [WorkLane: FairLane] = [:]
        var waiting: Set<WorkItem> = []
        /// Entries whose due time is not the one in `dueTimes` any more are void.
        var delayed = BinaryHeap<Delayed>()
        var dueTimes: [WorkItem: Duration] = [:]
        var waiters: [WorkLane: Deque<(id: UInt64, waiter: Waiter)>] = [:]
        var timer: (due: Duration, task: Task<Void, Never>)?
    }

    private static let port = "work queue"

    private let elapsed: @Sendable () -> Duration
    private let sleepUntil: @Sendable (Duration) async throws -> Void
    private let waiterIDs = Atomic<UInt64>(0)
    private let state = Mutex(State())

    /// - Parameter clock: Measures the delays.
    public init(clock: some Clock<Duration> = ContinuousClock()) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleepUntil = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    deinit {
        state.withLock { $0.timer?.task.cancel() }
    }

    public func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError) {
        let due = delay > .zero ? elapsed() + delay : nil
        let ready = state.withLock { state in
            for item in items { add(item, due: due, to: &state) }
            setTimer(in: &state)
            return matchWaiters(in: &state)
        }
        for (waiter, item) in ready { waiter.resume(returning: item) }
    }

    public func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        let id = waiterIDs.add(1, ordering: .relaxed).newValue
        let item = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(for: lane, id: id, $0) }
        } onCancel: {
            stopWaiting(for: lane, id: id)
        }
        guard let item else {
            throw PortError(.cancelled, port: Self.port, "the wait for work was cancelled")
        }
        return WorkDelivery(item: item, id: String(id))
    }

    /// Does nothing: a delivered item is forgotten already.
    public func acknowledge(_ delivery: WorkDelivery) async throws(PortError) {}

    /// Items that wait, also for their delay.
    public var depth: Int {
        get async throws(PortError) {
            state.withLock { $0.waiting.count + $0.dueTimes.count }
        }
    }

    // MARK: Items

    private func add(_ item: WorkItem, due: Duration?, to state: inout State) {
        guard !state.waiting.contains(item) else { return }
        guard let due else {
            state.dueTimes[item] = nil
            state.waiting.insert(item)
            state.lanes[item.lane, default: FairLane()].insert(item)
            return
        }
        if let present = state.dueTimes[item], present <= due { return }
        state.dueTimes[item] = due
        state.delayed.insert(Delayed(due: due, item: item))
    }

    private func take(from lane: WorkLane, in state: inout State) -> WorkItem? {
        guard let item = state.lanes[lane]?.popNext() else { return nil }
        state.waiting.remove(item)
        return item
    }

    private func matchWaiters(in state: inout State) -> [(Waiter, WorkItem)] {
        var matches: [(Waiter, WorkItem)] = []
        for lane in WorkLane.allCases {
            while state.waiters[lane]?.isEmpty == false, let item = take(from: lane, in: &state) {
                guard let first = state.waiters[lane]?.popFirst() else { break }
                matches.append((first.waiter, item))
            }
        }
        return matches
    }

    // MARK: Delays

    /// Makes the timer wait for the earliest due time.
    private func setTimer(in state: inout State) {
        while let first = state.delayed.min, state.dueTimes[first.item] != first.due { _ = state.delayed.popMin() }
        guard let due = state.delayed.min?.due else {
            state.timer?.task.cancel()
            state.timer = nil
            return
        }
        if let timer = state.timer {
            guard timer.due != due else { return }
            timer.task.cancel()
        }
        let sleepUntil = sleepUntil
        let task = Task { [weak self] in
            do {
                try await sleepUntil(due)
                self?.releaseDue(at: due)
            } catch {
                // Cancelled: another timer has taken over, or the queue is gone.
            }
        }
        state.timer = (due, task)
    }

    private func releaseDue(at time: Duration) {
        let ready = state.withLock { state in
            if state.timer?.due == time { state.timer = nil }
            let now = max(time, elapsed())
            while let first = state.delayed.min, first.due <= now {
                _ = state.delayed.popMin()
                if state.dueTimes[first.item] == first.due { add(first.item, due: nil, to: &state) }
            }
            setTimer(in: &state)
            return matchWaiters(in: &state)
        }
        for (waiter, item) in ready { waiter.resume(returning: item) }
    }

    // MARK: Waiters

    private func wait(for lane: WorkLane, id: UInt64, _ waiter: Waiter) {
        // Where the task was cancelled before this lock was taken, `stopWaiting` may have run and found nothing.
        let outcome: WorkItem?? = state.withLock { state in
            if Task.isCancelled { return .some(nil) }
            if let item = take(from: lane, in: &state) { return .some(item) }
            state.waiters[lane, default: []].append((id, waiter))
            return nil
        }
        if let outcome { waiter.resume(returning: outcome) }
    }

    private func stopWaiting(for lane: WorkLane, id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters[lane]?.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters[lane]?.remove(at: index).waiter
        }
        waiter?.resume(returning: nil)
    }
}
