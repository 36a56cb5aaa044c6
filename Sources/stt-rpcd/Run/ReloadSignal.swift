import Logging
import UnixSignals

/// Something that is read again on SIGHUP.
struct Reload: Sendable {
    /// For the log, such as "TLS certificate".
    var name: String
    /// May block. What is in use stays as it is where this throws.
    ///
    /// - Returns: What is in use now, for the log.
    var run: @Sendable () throws -> String
}

/// SIGHUP: runs each reload and logs its result. Without any the signal does nothing.
struct ReloadSignal: Sendable {
    private let task: Task<Void, Never>

    /// Traps the signal from here on.
    init(_ reloads: [Reload], logger: Logger) async {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        task = Task {
            for await _ in signals { Self.run(reloads, logger) }
        }
    }

    private static func run(_ reloads: [Reload], _ logger: Logger) {
        if reloads.isEmpty { logger.info("SIGHUP: nothing is configured that could be read again") }
        for reload in reloads {
            do {
                let result = try reload.run()
                logger.info("\(reload.name) read again", metadata: ["now": "\(result)"])
            } catch {
                logger.error("\(reload.name) not read again; what was in use stays", metadata: ["error": "\(error)"])
            }
        }
    }

    func cancel() { task.cancel() }
}
