import Foundation
import STTProcess
import STTRig

/// The program that is attacked.
enum TargetProgram: Sendable {
    /// `rpc-target`.
    case bare
    /// `stt-rpcd standalone` with an engine that only pretends.
    case service
}

/// A server in a process of its own.
final class HostileServer: Sendable {
    let program: TargetProgram
    let port: UInt16
    let pid: Int32
    let folder: TemporaryFolder
    private let process: ChildProcess

    init(_ options: [String] = [], program: TargetProgram = .bare) async throws {
        self.program = program
        folder = try TemporaryFolder()
        var path = URL(fileURLWithPath: Programs.daemon).deletingLastPathComponent().path + "/rpc-target"
        // One loop, so that the honest client shares it with every attacker.
        var arguments = ["--loops", "1"] + options
        if program == .service {
            path = Programs.daemon
            let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0.005)
            arguments =
                ["standalone", "--data", folder.file("data"), "--slots", "1", "--listen", "127.0.0.1:0"]
                + engine.arguments + options
        }
        process = try await ChildProcess.start(
            ProcessCommand(
                path, arguments, environment: FakeWhisperServer.environment(of: arguments), output: .stream,
                errorOutput: .keepTail(limit: 64 * 1024)))
        pid = process.processID
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")) {
            guard let more = try await process.readOutput(upTo: 4096) else {
                throw RigFailure(
                    description: "no server: \(String(decoding: await process.collectErrorOutput(), as: UTF8.self))")
            }
            line += more
        }
        // The port, or a line with "stt://127.0.0.1:PORT".
        let words = String(decoding: line, as: UTF8.self).split { $0.isWhitespace || $0 == ":" }
        guard let port = words.compactMap({ UInt16($0) }).first else {
            throw RigFailure(description: "no port in \(String(decoding: line, as: UTF8.self))")
        }
        self.port = port
    }

    var isRunning: Bool { process.exit == nil }
    var facts: ProcessMeasure { ProcessMeasure(pid: pid) }

    func stop() async {
        process.kill()
        _ = await process.waitForExit()
    }
}

/// What a process uses, from /proc.
struct ProcessMeasure: Sendable {
    var residentKiB = 0
    var threads = 0
    var descriptors = 0

    init(pid: Int32) {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        for line in status.split(separator: "\n") {
            let value = { line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0 }
            if line.hasPrefix("VmRSS:") { residentKiB = value() }
            if line.hasPrefix("Threads:") { threads = value() }
        }
        descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
}

/// The most memory that a process had resident while this watched.
final class MemoryWatch: Sendable {
    private let task: Task<Int, Never>

    init(pid: Int32) {
        task = Task {
            var most = ProcessMeasure(pid: pid).residentKiB
            while (try? await Task.sleep(for: .milliseconds(20))) != nil {
                most = max(most, ProcessMeasure(pid: pid).residentKiB)
            }
            return max(most, ProcessMeasure(pid: pid).residentKiB)
        }
    }

    func peakKiB() async -> Int {
        task.cancel()
        return await task.value
    }
}
