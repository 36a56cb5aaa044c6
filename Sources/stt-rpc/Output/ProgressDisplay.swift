import Synchronization

/// Keeps the live line true: what it says is asked for anew a few times a second.
///
/// Concurrency: what to show is behind a mutex that the drawing task shares.
final class ProgressDisplay: Sendable {
    typealias Content = @Sendable (ContinuousClock.Instant) -> String

    private final class Shared: Sendable {
        let content = Mutex<Content?>(nil)
    }

    private static let interval = Duration.milliseconds(150)

    private let console: Console
    private let shared = Shared()
    private let ticker: Task<Void, Never>?

    init(console: Console) {
        self.console = console
        guard console.isErrorTerminal else {
            ticker = nil
            return
        }
        ticker = Task { [shared] in
            while !Task.isCancelled {
                // The lock is held while drawing, so that nothing is drawn after `clear`.
                shared.content.withLock { content in
                    if let content { console.live(content(.now)) }
                }
                // Only fails where the task is cancelled, which ends the loop.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    deinit { ticker?.cancel() }

    /// Shows this from the next redrawing on.
    func show(_ content: @escaping Content) {
        guard ticker != nil else { return }
        shared.content.withLock { $0 = content }
    }

    /// Takes the live line away.
    func clear() {
        guard ticker != nil else { return }
        shared.content.withLock { content in
            content = nil
            console.live(nil)
        }
    }
}
