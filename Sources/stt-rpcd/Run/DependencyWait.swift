import Logging
import STTCore

/// Tries a dependency until it answers.
struct DependencyWait: Sendable {
    private let name: String
    private let attempt: @Sendable () async throws(PortError) -> Void

    init(_ name: String, _ attempt: @escaping @Sendable () async throws(PortError) -> Void) {
        self.name = name
        self.attempt = attempt
    }

    /// - Throws: `StartFailure` past the limit, and at once for what waiting does not mend.
    func run(limit: Duration, logger: Logger) async throws {
        let clock = ContinuousClock()
        let end = clock.now + limit
        var pause = Duration.milliseconds(200)
        var said: String?
        while true {
            let problem: PortError
            do {
                // An attempt that hangs must not outlast the limit.
                let left = max(end - clock.now, .seconds(1))
                let attempt = attempt
                let result = await TimeLimit.run(left) { () async -> PortError? in
                    do throws(PortError) {
                        try await attempt()
                        return nil
                    } catch {
                        return error
                    }
                }
                switch result {
                case .some(.none):
                    if said != nil { logger.info("it answers now", metadata: ["dependency": "\(name)"]) }
                    return
                case .some(.some(let error)): problem = error
                case .none: problem = PortError(.unavailable, port: name, "no answer within \(left)")
                }
            }
            try Task.checkCancellation()
            if problem.code == .invalidArgument || clock.now + pause >= end {
                let waited = problem.code == .invalidArgument ? "" : " after \(limit)"
                throw StartFailure(message: "\(name) cannot be used\(waited): \(problem.message)")
            }
            if said != problem.message {
                logger.warning(
                    "waiting for a dependency", metadata: ["dependency": "\(name)", "error": "\(problem)"])
                said = problem.message
            }
            try await Task.sleep(for: pause * Double.random(in: 0.75...1.25))
            pause = min(pause * 2, .seconds(2))
        }
    }
}
