import Foundation
import STTTestKit
import Synchronization

/// A run of the built `stt-rpc`.
final class CLIProcess: Sendable {
    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var error: String

        /// The objects of a run with `--json`.
        func objects() throws -> [[String: Any]] {
            try output.split(separator: "\n").map { line in
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                guard let object = object as? [String: Any] else { throw CocoaError(.coderInvalidValue) }
                return object
            }
        }
    }

    /// What the program wrote so far.
    private final class Written: Sendable {
        let text = Mutex((output: "", error: ""))
    }

    private let process = Mutex<Process?>(nil)
    private let written = Written()
    private let lines: AsyncStream<String>
    private let ended: AsyncStream<Void>

    /// - Parameter input: What standard input holds.
    init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"].merging(Sanitizing.environment) { $1 }
            .merging(environment) { $1 }
        let (output, error, stdin) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = stdin
        let (lines, lineSource) = AsyncStream.makeStream(of: String.self)
        let (ended, endSource) = AsyncStream.makeStream(of: Void.self)
        self.lines = lines
        self.ended = ended
        let written = written
        let open = DispatchGroup()
        for (pipe, isOutput) in [(output, true), (error, false)] {
            open.enter()
            Thread.detachNewThread {
                let handle = pipe.fileHandleForReading
                while case let data = handle.availableData, !data.isEmpty {
                    let piece = String(decoding: data, as: UTF8.self)
                    written.text.withLock { text in
                        if isOutput { text.output += piece } else { text.error += piece }
                    }
                    if isOutput { lineSource.yield(piece) }
                }
                open.leave()
            }
        }
        open.enter()
        process.terminationHandler = { _ in open.leave() }
        open.notify(queue: .global()) {
            lineSource.finish()
            endSource.finish()
        }
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        self.process.withLock { $0 = process }
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) async throws -> Outcome {
        await (try CLIProcess(arguments, input: input, environment: environment)).outcome()
    }

    /// Waits until it wrote something to standard output.
    func firstOutput() async {
        for await _ in lines { return }
    }

    func interrupt() { process.withLock { $0?.interrupt() } }

    func outcome() async -> Outcome {
        for await _ in ended {}
        let (output, error) = written.text.withLock { $0 }
        return Outcome(status: process.withLock { $0?.terminationStatus ?? -1 }, output: output, error: error)
    }

    /// Next to the test bundle.
    private static var executable: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("stt-rpc")
    }
}
