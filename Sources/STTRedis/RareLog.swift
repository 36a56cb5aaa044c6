internal import Logging
import Synchronization

/// Logs what others can cause as often as they like, at most once a minute.
///
/// Concurrency: the `Mutex` guards the count.
final class RareLog: Sendable {
    private struct State {
        var next: ContinuousClock.Instant?
        var suppressed = 0
    }

    private static let interval = Duration.seconds(60)

    private let logger: Logger
    private let state = Mutex(State())

    init(_ logger: Logger) {
        self.logger = logger
    }

    func warn(_ message: Logger.Message, metadata: Logger.Metadata = [:]) {
        let now = ContinuousClock.now
        let suppressed = state.withLock { state -> Int? in
            if let next = state.next, now < next {
                state.suppressed += 1
                return nil
            }
            state.next = now + Self.interval
            defer { state.suppressed = 0 }
            return state.suppressed
        }
        guard let suppressed else { return }
        var metadata = metadata
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }
}
