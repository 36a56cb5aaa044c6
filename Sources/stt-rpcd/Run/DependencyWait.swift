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

    /// Tries all of them at the same time.
    /// - Throws: `StartFailure` that names each that cannot be used.
    static func run(_ waits: [DependencyWait], limit: Duration, logger: Logger) async throws {
        let problems = await withTaskGroup(of: (Int, Problem?).self) { group in
            for (index, wait) in waits.enumerated() {
                group.addTask { (index, await wait.run(limit: limit, logger: logger)) }
            }
            var problems: [(index: Int, text: String)] = []
            for await case (let index, let problem?) in group {
                problems.append((index, problem.text))
                if problem.isFinal { group.cancelAll() }
            }
            return problems.sorted { $0.index < $1.index }.map(\.text)
        }
        guard problems.isEmpty else { throw StartFailure(message: problems.joined(separator: "; ")) }
    }

    private struct Problem {
        var text: String
        /// Waiting does not mend it.
        var isFinal = false
    }

    /// Returns `nil` once it answers; what is wrong past the limit.
    private func run(limit: Duration, logger: Logger) async -> Problem? {
        // A client library may try for a while by itself before it says anything.
        let telling = Task {
            try await Task.sleep(for: .seconds(1))
            logger.warning("waiting for a dependency", metadata: ["dependency": "\(name)"])
        }
        defer { telling.cancel() }
        let clock = ContinuousClock()
        let end = clock.now + limit
        var pause = Duration.milliseconds(200)
        var said: String?
        while true {
            // An attempt that hangs must not outlast the limit.
            let attempt = attempt
            let result = await TimeLimit.run(max(end - clock.now, .seconds(1))) { () async -> PortError? in
                do throws(PortError) {
                    try await attempt()
                    return nil
                } catch {
                    return error
                }
            }
            let problem: PortError
            switch result {
            case .some(.none):
                if said != nil { logger.info("it answers now", metadata: ["dependency": "\(name)"]) }
                return nil
            case .some(.some(let error)): problem = error
            case .none: problem = PortError(.unavailable, port: name, "no answer")
            }
            if Task.isCancelled { return nil }
            if problem.code == .invalidArgument {
                return Problem(text: "\(name) cannot be used: \(problem.message)", isFinal: true)
            }
            if clock.now + pause >= end {
                return Problem(text: "\(name) cannot be used after \(limit): \(problem.message)")
            }
            if said != problem.message {
                logger.warning(
                    "waiting for a dependency", metadata: ["dependency": "\(name)", "error": "\(problem)"])
                said = problem.message
                telling.cancel()
            }
            do { try await Task.sleep(for: pause * Double.random(in: 0.75...1.25)) } catch { return nil }
            pause = min(pause * 2, .seconds(2))
        }
    }
}
