import Foundation
import STTProcess

/// The programs under test, as `swift build` left them beside the test's own.
package enum Programs {
    package static let daemon = folder + "/stt-rpcd"
    package static let client = folder + "/stt-rpc"

    private static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["STT_BIN_DIR"] { return folder }
        // The test bundle lies beside the programs.
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let candidates = [
            URL(fileURLWithPath: executable).deletingLastPathComponent().path,
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path,
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../.build/debug").path,
        ]
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0 + "/stt-rpcd") } ?? ""
    }()
}

/// What a program that ran to its end left.
package struct Outcome: Sendable {
    package var status: Int32
    package var output: String
    package var errors: String

    package init(status: Int32, output: String, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// The objects of `--json` output.
    package func objects() throws -> [[String: Any]] {
        try output.split(separator: "\n").compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }
}
