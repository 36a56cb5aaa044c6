import Foundation
import STTProcess

/// This test program, run again for one test only: for what needs a process of its own.
enum SecondTestProgram {
    /// Runs the test `name` with an environment variable that it takes as the sign that it is meant to run.
    static func command(only name: String, variable: String, value: String = "1") throws -> ProcessCommand {
        var environment = ProcessInfo.processInfo.environment
        environment[variable] = value
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let arguments = ["--testing-library", "swift-testing", "--filter", name]
        return ProcessCommand(program, arguments, environment: environment, output: .keepTail(limit: 20_000))
    }
}
