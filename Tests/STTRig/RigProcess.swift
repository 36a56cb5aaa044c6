import Foundation
package import STTProcess
import Synchronization

/// A program that tests start, freeze, kill and start again. It dies with the tests, and its log outlives it.
///
/// Concurrency: any task; a mutex protects the process. One task at a time starts and stops it.
package final class RigProcess: Sendable {
    package let name: String
    package let logFile: String

    private let state = Mutex<ChildProcess?>(nil)

    package init(name: String, logFile: String) {
        self.name = name
        self.logFile = logFile
    }

    /// Starts it, with its error output, and its output unless that is a stream, at the end of the log.
    package func start(
        _ executable: String, _ arguments: [String], environment: [String: String], workingDirectory: String? = nil,
        streamsOutput: Bool = false
    ) async throws {
        let log = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw RigFailure(description: "\(logFile) cannot be written") }
        defer { close(log) }
        let child = try await ChildProcess.start(
            ProcessCommand(
                executable, arguments, environment: environment, workingDirectory: workingDirectory,
                output: streamsOutput ? .stream : .descriptor(log), errorOutput: .descriptor(log)))
        state.withLock { $0 = child }
    }

    package var child: ChildProcess? { state.withLock { $0 } }
    package var pid: Int32 { child?.processID ?? 0 }
    package var isRunning: Bool { child.map { $0.exit == nil } ?? false }

    /// Ends it as a power cut would.
    package func kill() async {
        let child = state.withLock { $0.take() }
        child?.kill()
        _ = await child?.waitForExit()
    }

    /// Ends it with SIGTERM.
    @discardableResult
    package func terminate(grace: Duration) async -> ProcessExit? {
        let child = state.withLock { $0.take() }
        return await child?.terminate(grace: grace)
    }

    /// Stops its whole group, engines too, until ``resume()``.
    package func freeze() { child?.signal(SIGSTOP) }
    package func resume() { child?.signal(SIGCONT) }

    package var log: String { (try? String(contentsOfFile: logFile, encoding: .utf8)) ?? "" }

    /// The end of its log; where it crashed, the reason, which stands far before that.
    package func logTail(_ count: Int = 40) -> String {
        let lines = log.split(separator: "\n")
        let crash = lines.firstIndex { $0.contains("Fatal error") || $0.contains("Program crashed") }
        return (crash.map { lines[$0...].prefix(count) } ?? lines.suffix(count)).joined(separator: "\n")
    }
}

/// The rig itself does not work.
package struct RigFailure: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

/// The checkout that these tests are of.
package enum Checkout {
    package static let folder =
        URL(fileURLWithPath: #filePath).appending(path: "../../..").standardizedFileURL.path
        .trimmingSuffix("/")
    static let scripts = folder + "/scripts"
    static let deps = ProcessInfo.processInfo.environment["STT_DEPS_DIR"] ?? folder + "/.deps"

    static func script(_ name: String) -> String { folder + "/Tests/STTRig/Python/" + name }

    package static func python() throws -> String {
        guard let python = ExecutableSearch.find("python3") else {
            throw RigFailure(description: "python3 is not installed; run these tests with make test")
        }
        return python
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
