import Foundation
import STTRig
import STTProcess
import Synchronization
import Testing

/// A real `stt-rpcd standalone`, which tests start, kill and start again on the same folder and address.
///
/// Concurrency: any task; a mutex protects the process. One task at a time starts and stops it.
final class DaemonProcess: Sendable {
    let folder: TemporaryFolder
    let data: String
    /// As clients name it. The same over restarts.
    var address: String { state.withLock { $0.address } }

    private struct State {
        var process: ChildProcess?
        var address = ""
    }

    private let arguments: [String]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - data: The data folder; `nil`: one in the temporary folder.
    ///   - engine: Arguments that name the engine.
    init(
        in folder: TemporaryFolder, data: String? = nil, slots: Int = 2, engine: [String], extra: [String] = [],
        address: String? = nil
    ) async throws {
        self.folder = folder
        self.data = data ?? folder.file("data")
        arguments = ["standalone", "--data", self.data, "--slots", "\(slots)", "--log-level", "debug"] + engine + extra
        if let address { state.withLock { $0.address = address } }
        try await start()
    }

    /// Starts it, on the address that it had before, and returns when it is ready.
    func start() async throws {
        let listen = address.isEmpty ? "unix:" + folder.file("socket") : address
        let log = open(folder.file("daemon.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        let process = try await ChildProcess.start(
            ProcessCommand(
                Programs.daemon, arguments + ["--listen", listen],
                environment: FakeWhisperServer.environment(of: arguments), output: .stream,
                errorOutput: .descriptor(log)))
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")) {
            guard let more = try await process.readOutput(upTo: 4096) else {
                throw DaemonFailure(log: logTail)
            }
            line += more
        }
        let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let address = try #require(words.first { $0.hasPrefix("stt://") || $0.hasPrefix("unix:") })
        state.withLock {
            $0.process = process
            $0.address = String(address)
        }
    }

    var pid: Int32 { state.withLock { $0.process?.processID ?? 0 } }

    /// Ends it as a power cut would.
    func kill() async {
        let process = state.withLock { $0.process.take() }
        process?.kill()
        _ = await process?.waitForExit()
    }

    /// Ends it with SIGTERM and returns how it ended.
    func stop() async -> String {
        let process = state.withLock { $0.process.take() }
        guard let process else { return "not running" }
        return "\(await process.terminate(grace: .seconds(20)))"
    }

    /// Its direct children: the engines.
    var engines: [Int32] {
        let pid = pid
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { ProcessFacts(pid: $0)?.parent == pid }
    }

    /// The most memory it has had resident so far, in KiB.
    var peakResidentKiB: Int { ProcessFacts.peakResidentKiB(pid: pid) }

    var logTail: String {
        let log = (try? String(contentsOfFile: folder.file("daemon.log"), encoding: .utf8)) ?? ""
        return log.split(separator: "\n").suffix(15).joined(separator: "\n")
    }

    /// Runs `stt-rpc` against it.
    func client(_ arguments: String..., input: [UInt8] = [], limit: Duration = .seconds(120)) async throws -> Outcome {
        try await client(arguments, input: input, limit: limit)
    }

    /// Starts `stt-rpc` against it, to be signalled.
    func startClient(_ arguments: String...) async throws -> ChildProcess {
        try await ChildProcess.start(
            ProcessCommand(Programs.client, ["--server", address] + arguments, output: .keepHead(limit: 1 << 20)))
    }

    func client(_ arguments: [String], input: [UInt8] = [], limit: Duration = .seconds(120)) async throws -> Outcome {
        let outcome = try await ChildProcess.run(
            ProcessCommand(
                Programs.client, ["--server", address] + arguments, output: .keepHead(limit: 64 << 20),
                errorOutput: .keepHead(limit: 1 << 20)),
            input: input, timeLimit: limit)
        return Outcome(
            status: outcome.exit.code, output: String(decoding: outcome.output, as: UTF8.self),
            errors: String(decoding: outcome.errorOutput, as: UTF8.self))
    }
}

struct DaemonFailure: Error, CustomStringConvertible {
    var log: String
    var description: String { "stt-rpcd did not start:\n\(log)" }
}
