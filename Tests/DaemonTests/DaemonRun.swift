import Foundation
import STTProcess

/// A run of `stt-rpcd` or `stt-rpc` to its end.
struct DaemonRun {
    var status: Int32?
    var output: String
    var errors: String

    init(
        _ arguments: [String], environment: [String: String] = [:], program: String = "stt-rpcd",
        limit: Duration = .seconds(60)
    ) async throws {
        let outcome = try await ChildProcess.run(
            Self.command(arguments, environment: environment, program: program), timeLimit: limit)
        if case .status(let status) = outcome.exit { self.status = status }
        output = String(decoding: outcome.output, as: UTF8.self)
        errors = String(decoding: outcome.errorOutput, as: UTF8.self)
    }

    static func command(
        _ arguments: [String], environment: [String: String], program: String = "stt-rpcd"
    ) -> ProcessCommand {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return ProcessCommand(
            folder + "/" + program, arguments, environment: environment.merging(["PATH": path]) { $1 },
            output: .keepHead(limit: 1 << 20), errorOutput: .keepHead(limit: 1 << 20))
    }

    /// Where the programs under test are: beside the test's own, or where `STT_BIN_DIR` says.
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["STT_BIN_DIR"] { return folder }
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let candidates = [
            URL(fileURLWithPath: executable).deletingLastPathComponent().path,
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path,
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../.build/debug").path,
        ]
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0 + "/stt-rpcd") } ?? ""
    }()
}
