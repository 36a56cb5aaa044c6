import STTProcess
import Synchronization

/// Kills a child that gives nothing for too long while somebody waits for it. Time in which nobody does is not counted.
///
/// Concurrency: the state is behind a mutex; the timer's task ends with this object.
final class StallGuard: Sendable {
    private struct State {
        var waitingSince: ContinuousClock.Instant?
        var hasStalled = false
    }

    private final class Watch: Sendable {
        let state = Mutex(State())
    }

    private let watch = Watch()
    private let timer: Task<Void, Never>

    init(_ child: ChildProcess, limit: Duration) {
        timer = Task.detached { [watch, weak child] in
            while true {
                let rest = watch.state.withLock { state in
                    let rest = state.waitingSince.map { limit - $0.duration(to: .now) } ?? limit
                    if rest <= .zero { state.hasStalled = true }
                    return rest
                }
                if rest <= .zero {
                    child?.kill()
                    return
                }
                do { try await Task.sleep(for: rest) } catch { return }  // Cancelled: nobody waits any more.
            }
        }
    }

    deinit { timer.cancel() }

    /// Whether the child was killed.
    var hasStalled: Bool { watch.state.withLock { $0.hasStalled } }

    func begin() { watch.state.withLock { $0.waitingSince = .now } }

    func end() { watch.state.withLock { $0.waitingSince = nil } }
}
