import Foundation
import STTRig
import STTClient
import STTProto
import STTTestKit
import Testing

/// Many clients at once, and a disk that is full.
@Suite("Load", .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"), .serialized)
struct LoadTests {
    @Test(
        "200 concurrent submits of short clips all complete, in bounded memory, with true figures throughout",
        .timeLimit(.minutes(3)))
    func manySubmits() async throws {
        let count = 200
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0.01)
        let daemon = try await DaemonProcess(in: folder, slots: 2, engine: engine.arguments)
        let client = try SpeechClient(address: daemon.address)
        let before = daemon.peakResidentKiB
        let clip = SyntheticAudio.bursts(1, seconds: 3)
        let jobs = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<count {
                group.addTask { try await client.submit(bytes: clip).id }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(jobs.count == count)
        var completed = 0
        while completed < count {
            let stats = try await client.queueStats()
            let total = stats.jobs.reduce(0) { $0 + $1.jobs }
            #expect(total == count)
            let failed = stats.jobs.first { $0.state == .failed }?.jobs ?? 0
            #expect(failed == 0)
            completed = stats.jobs.first { $0.state == .completed }?.jobs ?? 0
            var listed: Set<String> = []
            for try await job in client.list(pageSize: 33) { listed.insert(job.jobID) }
            #expect(listed == jobs)
        }
        #expect(engine.runs.count == count)
        let grown = daemon.peakResidentKiB - before
        print("resident memory grew by \(grown) KiB over \(count) jobs of \(clip.count) bytes")
        #expect(grown < 120_000)
        await client.close()
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test(
        "a full disk refuses what it has no room for, and everything goes on once there is room",
        .enabled(if: SmallDisk.isPossible, "mounting a tmpfs needs root"), .timeLimit(.minutes(2)))
    func fullDisk() async throws {
        let folder = try TemporaryFolder()
        let disk = try SmallDisk(at: folder.file("disk"), mebibytes: 24)
        let engine = try FakeWhisperServer(in: folder, secondsPerRun: 0.05)
        let daemon = try await DaemonProcess(in: folder, data: disk.path + "/data", engine: engine.arguments)
        let talk = try folder.write(SyntheticAudio.bursts(6, seconds: 9), to: "talk.wav")
        let first = try await daemon.client("transcribe", talk)
        #expect(first.status == 0, "\(first.errors)")
        let large = try folder.write(SyntheticAudio.bursts(100, seconds: 9), to: "large.wav")
        let refused = try await daemon.client("--retry-for", "0", "submit", large)
        #expect(refused.status == 8, "\(refused.errors)")
        #expect(refused.errors.contains("space"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: daemon.data + "/tmp").isEmpty)
        // Accepted, but without room for its samples: it waits.
        let ballast = disk.path + "/ballast"
        let submitted = try await fill(ballast, leaving: 2 << 20, on: disk) {
            try await daemon.client("submit", talk)
        }
        #expect(submitted.status == 0, "\(submitted.errors)")
        let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try FileManager.default.removeItem(atPath: ballast)
        let stream = try await daemon.client("stream", job)
        #expect(stream.status == 0, "\(stream.errors) \(daemon.logTail)")
        #expect(stream.output == first.output)
        #expect(await daemon.stop() == "exit status 0")
    }

    /// Submits with just enough room for the upload, then takes the rest of the disk.
    private func fill(
        _ path: String, leaving: Int, on disk: SmallDisk, _ submit: () async throws -> Outcome
    ) async throws -> Outcome {
        try disk.fill(path, leaving: leaving)
        return try await submit()
    }
}

/// A small file system in memory.
final class SmallDisk: Sendable {
    let path: String

    static var isPossible: Bool { geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/bin/mount") }

    init(at path: String, mebibytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", path])
    }

    deinit {
        try? Self.run("/bin/umount", ["-l", path])
    }

    /// Writes a file that takes all but so many bytes.
    func fill(_ file: String, leaving: Int) throws {
        let free = try FileManager.default.attributesOfFileSystem(forPath: path)[.systemFreeSize] as? Int ?? 0
        try Data(count: max(free - leaving, 0)).write(to: URL(fileURLWithPath: file))
    }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = try Process.run(URL(fileURLWithPath: program), arguments: arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
