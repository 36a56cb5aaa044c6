import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig

/// A real `stt-rpcd standalone` with a client of its own, and what the system tells of it.
final class SpeechDaemon: Sendable {
    let folder: TemporaryFolder
    let client: SpeechClient
    let process: RigProcess

    init(
        in folder: TemporaryFolder, engine: [String], slots: Int = 2, extra: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        self.folder = folder
        process = RigProcess(name: "daemon", logFile: folder.file("daemon.log"))
        let address = "unix:" + folder.file("socket")
        let detection: Set = ["STT_VAD_MODEL", "STT_WHISPER_VAD"]
        let kept = FakeWhisperServer.environment(of: engine).filter {
            !$0.key.hasPrefix("STT_") || detection.contains($0.key)
        }
        try await process.start(
            Programs.daemon,
            ["standalone", "--data", folder.file("data"), "--slots", "\(slots)", "--listen", address] + engine + extra,
            environment: kept.merging(environment) { $1 }, streamsOutput: true)
        guard let child = process.child, let line = try await child.readOutput(),
            String(decoding: line, as: UTF8.self).contains("ready")
        else { throw RigFailure(description: "stt-rpcd did not start:\n\(process.logTail())") }
        client = try SpeechClient(address: address)
    }

    var pid: Int32 { process.pid }

    /// Its direct children: engines, and decoders while a file is read.
    var children: [Int32] {
        let pid = pid
        return ProcessFacts.all.filter { ProcessFacts(pid: $0)?.parent == pid }
    }

    /// But for those of the database, whose pool grows with the load up to a bound.
    var openDescriptors: Int {
        let folder = "/proc/\(pid)/fd/"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.count { name in
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + name) else {
                return false
            }
            return !target.contains(".sqlite")
        }
    }

    var residentKiB: Int { ProcessFacts.residentKiB(pid: pid) }

    var temporaryFiles: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.file("data/tmp"))) ?? []
    }

    /// Submits a file and waits for the job's end. Where the daemon ends before, its log says why.
    func transcribe(
        _ path: String, _ options: TranscriptionOptions = .init(language: "en"), within limit: Duration = .seconds(120)
    ) async throws -> Recognised {
        do {
            return try await follow(path, options, within: limit)
        } catch  where !process.isRunning {
            throw RigFailure(description: "stt-rpcd ended: \(process.logTail()); \(error)")
        }
    }

    private func follow(
        _ path: String, _ options: TranscriptionOptions, within limit: Duration
    ) async throws -> Recognised {
        let client = client
        return try await STTRig.within(limit, "\((path as NSString).lastPathComponent) ends") {
            let begun = ContinuousClock.now
            let job = try await client.submit(file: path, options: SubmissionOptions(transcription: options)).id
            var recognised = Recognised()
            for try await event in client.streamResult(job) {
                switch event {
                case .partial(let partial): recognised.partials.append(partial)
                case .status(let status): recognised.status = status
                }
            }
            recognised.elapsed = ContinuousClock.now - begun
            return recognised
        }
    }

    func stop() async -> ProcessExit? {
        await client.close()
        return await process.terminate(grace: .seconds(20))
    }
}

/// What became of a recording.
struct Recognised: Sendable {
    var status = JobStatus()
    var partials: [Partial] = []
    var elapsed = Duration.zero

    var text: String { partials.map(\.text).joined() }
    var segments: [Segment] { partials.flatMap(\.segments) }
    var engineSeconds: Double { Double(partials.reduce(0) { $0 + $1.engineMilliseconds }) / 1000 }
    var isCompleted: Bool { status.state == .completed }
}

extension ProcessFacts {
    static func residentKiB(pid: Int32) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
    }
}
