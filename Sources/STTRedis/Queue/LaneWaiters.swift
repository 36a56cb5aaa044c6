internal import DequeModule
internal import STTCore
import Synchronization

/// The workers of this process that wait for work in one lane. One is woken for each item that is announced, and one
/// now and then in any case, as an announcement may be lost.
///
/// Concurrency: the `Mutex` guards everything. Continuations are resumed outside it.
final class LaneWaiters: Sendable {
    enum Wake: Sendable {
        case look
        case cancelled
    }

    private typealias Waiter = CheckedContinuation<Wake, Never>
    private typealias Instant = ContinuousClock.Instant

    private struct State {
        var waiters: Deque<(id: UInt64, waiter: Waiter)> = []
        var lastID: UInt64 = 0
        var rings: UInt64 = 0
        /// Runs while anybody waits.
        var timer: (due: Instant, task: Task<Void, Never>)?
    }

    /// The longest time without a look at the queue.
    static let pollInterval = Duration.seconds(1)

    private let state = Mutex(State())

    deinit {
        state.withLock { $0.timer?.task.cancel() }
    }

    /// Counts announcements. One that comes between a look at the queue and ``wait(since:atMost:)`` ends the wait at once.
    var rings: UInt64 { state.withLock { $0.rings } }

    /// Wakes up to so many waiters.
    func ring(_ count: Int) {
        let woken = state.withLock { state in
            state.rings += 1
            return take(count, from: &state)
        }
        for waiter in woken { waiter.resume(returning: .look) }
    }

    func ringAll() { ring(.max) }

    /// Wakes one of those that wait after this time, if none was woken for another reason before.
    func look(within time: Duration) {
        state.withLock { state in
            if !state.waiters.isEmpty { setTimer(.now + time, in: &state) }
        }
    }

    /// Waits for a ring. Of all that wait, one is woken after the shortest of their times.
    func wait(since rings: UInt64, atMost time: Duration) async -> Wake {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let outcome: Wake? = state.withLock { state in
                    // Where the task was cancelled before, `cancel` may have run and found nothing.
                    if Task.isCancelled { return .cancelled }
                    if state.rings != rings { return .look }
                    state.waiters.append((id, waiter))
                    setTimer(.now + min(time, Self.pollInterval), in: &state)
                    return nil
                }
                if let outcome { waiter.resume(returning: outcome) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index).waiter
        }
        waiter?.resume(returning: .cancelled)
    }

    private func take(_ count: Int, from state: inout State) -> [Waiter] {
        let woken = state.waiters.prefix(count).map(\.waiter)
        state.waiters.removeFirst(woken.count)
        return woken
    }

    private func setTimer(_ due: Instant, in state: inout State) {
        if let timer = state.timer {
            guard due < timer.due else { return }
            timer.task.cancel()
        }
        let task = Task { [weak self] in
            do {
                try await Task.sleep(until: due, clock: .continuous)
                self?.wakeOne(at: due)
            } catch {
                // Cancelled: an earlier timer has taken over, or nobody is left to be woken.
            }
        }
        state.timer = (due, task)
    }

    private func wakeOne(at due: Instant) {
        let woken = state.withLock { state -> [Waiter] in
            guard state.timer?.due == due else { return [] }
            state.timer = nil
            let woken = take(1, from: &state)
            if !state.waiters.isEmpty { setTimer(.now + Self.pollInterval, in: &state) }
            return woken
        }
        for waiter in woken { waiter.resume(returning: .look) }
    }
}
