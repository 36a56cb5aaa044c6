internal import Logging
internal import STTCore
import Synchronization

/// Logs the beginning and the end of a time in which no work can be taken, each once.
///
/// Concurrency: the `Mutex` guards the flag.
final class OutageLog: Sendable {
    private let isAway = Mutex(false)

    func begin(_ error: PortError, _ logger: Logger) {
        guard isAway.withLock({ wasAway in exchange(&wasAway, with: true) }) == false else { return }
        logger.warning("no work can be taken; trying again", metadata: ["error": "\(error)"])
    }

    func end(_ logger: Logger) {
        guard isAway.withLock({ wasAway in exchange(&wasAway, with: false) }) else { return }
        logger.info("work can be taken again")
    }

    private func exchange(_ value: inout Bool, with new: Bool) -> Bool {
        defer { value = new }
        return value
    }
}
