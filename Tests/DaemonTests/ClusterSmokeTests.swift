import Foundation
import Logging
import STTCore
import STTMongo
import STTObjectStore
import STTProcess
import STTRedis
import Testing

@testable import stt_rpcd

/// A server and a worker as real processes on real services. What they do when things break, the cluster's own tests show.
@Suite struct ClusterSmokeTests {
    @Test func `A clip that a server takes in is transcribed by a worker, and both stop when told to`() async throws {
        let setUp = try ClusterSetUp()
        let folder = TestFolder()
        let listen = "unix:" + folder.file("socket")

        let doctor = try await DaemonRun(
            ["doctor", "--mode", "work"], environment: setUp.environment, limit: .seconds(120))
        #expect(doctor.status == 0, "\(doctor.output)")

        let server = try await ReadyDaemon(["serve", "--listen", listen], setUp: setUp, log: folder.file("serve.log"))
        #expect(server.readyLine == "stt-rpcd ready: listening on \(listen)", "\(server.log)")
        let worker = try await ReadyDaemon(
            ["work", "--slots", "1", "--threads", "1"], setUp: setUp, log: folder.file("work.log"))
        #expect(worker.readyLine == "stt-rpcd ready: working with 1 slot", "\(worker.log)")

        let clip = try await DaemonRun(
            ["--server", listen, "transcribe", setUp.clip], program: "stt-rpc", limit: .seconds(120))
        #expect(clip.status == 0, "\(clip.errors)\n\(server.log)\n\(worker.log)")
        #expect(clip.output.lowercased().contains("ask not what your country can do for you"), "\(clip.output)")

        let health = try await DaemonRun(["--server", listen, "health", "--json"], program: "stt-rpc")
        #expect(health.status == 0, "\(health.output)")
        for name in ["MongoDB", "Redis", "object store", "workers"] { #expect(health.output.contains("\"\(name)\"")) }

        #expect(await worker.stop() == .status(0), "\(worker.log)")
        #expect(await server.stop() == .status(0), "\(server.log)")
        try await setUp.removeEverything()
    }
}

/// The services, the engine and the recording that the test needs.
struct ClusterSetUp {
    struct Missing: Error, CustomStringConvertible {
        var description: String
    }

    let environment: [String: String]
    let clip: String

    init() throws {
        let given = ProcessInfo.processInfo.environment
        func variable(_ name: String) throws -> String {
            guard let value = given[name], !value.isEmpty else {
                throw Missing(description: "\(name) is not set; run these tests with: make test")
            }
            return value
        }
        let deps = URL(fileURLWithPath: #filePath).appending(path: "../../../.deps").standardized.path
        func file(_ name: String, _ path: String) throws -> String {
            let path = given[name] ?? deps + "/" + path
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw Missing(description: "\(path) is not there; run these tests with: make test")
            }
            return path
        }
        let name = "stt-daemon-\(UUID().uuidString.prefix(8).lowercased())"
        var environment = [
            "MONGODB_URL": try variable("STT_TEST_MONGODB_URL"), "MONGODB_DATABASE": name,
            "REDIS_URL": try variable("STT_TEST_REDIS_URL"), "REDIS_KEY_PREFIX": name,
            "S3_ENDPOINT": try variable("STT_TEST_S3_ENDPOINT"), "S3_BUCKET": name, "S3_CREATE_BUCKET": "true",
            "S3_ACCESS_KEY": try variable("STT_TEST_S3_ACCESS_KEY"),
            "S3_SECRET_KEY": try variable("STT_TEST_S3_SECRET_KEY"), "STT_ENV_FILE": "/dev/null",
            "STT_WHISPER_SERVER": try file("STT_WHISPER_SERVER", "bin/whisper-server"),
            "STT_WHISPER_CLI": try file("STT_WHISPER_CLI", "bin/whisper-cli"),
            "STT_WHISPER_MODEL": try file("STT_WHISPER_MODEL", "models/ggml-tiny.en.bin"), "STT_LOG_LEVEL": "debug",
        ]
        environment["S3_REGION"] = given["STT_TEST_S3_REGION"]
        self.environment = environment
        let samples = given["STT_SAMPLES_DIR"] ?? deps + "/samples"
        clip = samples + "/jfk.wav"
        guard FileManager.default.isReadableFile(atPath: clip) else {
            throw Missing(description: "\(clip) is not there; run these tests with: make test")
        }
    }
}

extension ClusterSetUp {
    /// What the processes left in the services.
    func removeEverything() async throws {
        let settings = try Settings(arguments: [:], environment: environment, for: [.serve])
        let cluster = try Cluster(
            settings, role: "test", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await cluster.database.drop()
        try await cluster.queue.removeEverything()
        try await cluster.objects.removeBucket()
        await cluster.redis.close()
    }
}

/// A `stt-rpcd` that has printed that it is ready.
struct ReadyDaemon {
    let readyLine: String
    private let process: ChildProcess
    private let logPath: String

    init(_ arguments: [String], setUp: ClusterSetUp, log path: String) async throws {
        try await self.init(arguments, environment: setUp.environment, log: path)
    }

    init(_ arguments: [String], environment: [String: String], log path: String) async throws {
        let log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(log) }
        logPath = path
        process = try await ChildProcess.start(
            ProcessCommand(
                DaemonRun.folder + "/stt-rpcd", arguments, environment: environment, output: .stream,
                errorOutput: .descriptor(log)))
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")), let more = try await process.readOutput(upTo: 4096) { line += more }
        readyLine = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Ends it with SIGTERM.
    func stop() async -> ProcessExit { await process.terminate(grace: .seconds(30)) }

    func signal(_ number: Int32) { process.signal(number) }

    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }
}
