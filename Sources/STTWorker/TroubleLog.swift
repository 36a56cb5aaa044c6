import Logging
import STTCore
import Synchronization

/// Logs the failures of the services that a worker uses: each the first time and then at most once in half a minute,
/// however many slots meet it. The others are there at level debug.
///
/// Concurrency: any task; a mutex protects the times.
final class TroubleLog: Sendable {
    private static let interval = Duration.seconds(30)

    private let time: WorkerTime
    private let logged = Mutex<[String: Duration]>([:])

    init(time: WorkerTime) {
        self.time = time
    }

    /// - Parameter message: What did not succeed, always in the same words.
    func note(_ message: String, _ error: PortError, metadata: Logger.Metadata = [:], logger: Logger) {
        note(message, about: error.port, "\(error)", metadata: metadata, logger: logger)
    }

    /// An attempt that is charged is logged each time: there are only so many of them.
    func note(_ attempt: AttemptFailure, _ message: String, metadata: Logger.Metadata, logger: Logger) {
        var metadata = metadata
        metadata["charged"] = "\(attempt.isCharged)"
        guard let failure = attempt.failure else {
            logger.info("\(message): stopped", metadata: metadata)
            return
        }
        if attempt.isCharged {
            metadata["error"] = "\(failure.message)"
            logger.warning("\(message)", metadata: metadata)
        } else {
            note(message, about: failure.code, failure.message, metadata: metadata, logger: logger)
        }
    }

    private func note(
        _ message: String, about subject: String, _ error: String, metadata: Logger.Metadata, logger: Logger
    ) {
        let now = time.now
        let isDue = logged.withLock { logged in
            let key = "\(message): \(subject)"
            if let last = logged[key], now - last < Self.interval { return false }
            logged[key] = now
            return true
        }
        var metadata = metadata
        metadata["error"] = "\(error)"
        logger.log(level: isDue ? .warning : .debug, "\(message)", metadata: metadata)
    }
}

/// Repeats calls on a service that is out of reach for a while.
struct Patience: Sendable {
    let troubles: TroubleLog
    let time: WorkerTime
    let logger: Logger
    /// How long the calls are repeated.
    var limit = Duration.seconds(60)
    /// Whether they are also repeated where a service is full.
    var coversFullStorage = false

    private static let pauses = Backoff(base: .milliseconds(100), cap: .seconds(1))

    func callAsFunction<Value: Sendable>(_ what: String, _ call: () async throws -> Value) async throws -> Value {
        let start = time.now
        var attempt = 0
        while true {
            do {
                return try await call()
            } catch let error as PortError where covers(error) && time.now - start < limit {
                attempt += 1
                troubles.note("\(what) failed, trying again", error, logger: logger)
            }
            try await time.sleep(for: .milliseconds(50) + Self.pauses.delay(attempt: attempt))
        }
    }

    private func covers(_ error: PortError) -> Bool {
        error.code == .unavailable || (coversFullStorage && error.code == .storageFull)
    }
}
