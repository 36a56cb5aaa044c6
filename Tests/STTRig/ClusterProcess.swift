import Foundation
import STTProcess
import Synchronization

/// One `stt-rpcd serve` or `stt-rpcd work` of a cluster, with proxies of its own to the services where a test wants to
/// cut it off from them.
///
/// Concurrency: as ``RigProcess``.
package final class ClusterProcess: Sendable {
    package enum Role: String, Sendable {
        case serve, work
    }

    /// The services that a process reaches through a proxy.
    package struct Routes: Sendable {
        package var redis: FaultProxy?
        package var mongodb: FaultProxy?
        package var s3: FaultProxy?

        package init(redis: FaultProxy? = nil, mongodb: FaultProxy? = nil, s3: FaultProxy? = nil) {
            self.redis = redis
            self.mongodb = mongodb
            self.s3 = s3
        }
    }

    package let role: Role
    package let name: String
    package let routes: Routes
    package let process: RigProcess
    /// Empty for a worker.
    package var address: String { listening.withLock { $0 } }

    private let folder: TemporaryFolder
    private let environment: [String: String]
    private let listening = Mutex("")

    init(_ role: Role, name: String, routes: Routes, environment: [String: String], folder: TemporaryFolder) {
        self.role = role
        self.name = name
        self.routes = routes
        self.environment = environment
        self.folder = folder
        process = RigProcess(name: name, logFile: folder.file(name + ".log"))
    }

    package var pid: Int32 { process.pid }

    /// Starts it, a server on the address that it had before, and returns when it is ready.
    package func start() async throws {
        var environment = environment
        if role == .serve { environment["STT_LISTEN"] = address.isEmpty ? "127.0.0.1:0" : Endpoint.of(address) }
        try await process.start(
            Programs.daemon, [role.rawValue], environment: environment, workingDirectory: folder.path,
            streamsOutput: true)
        guard let child = process.child else { return }
        let words: [Substring]
        do {
            let line = try await within(.seconds(30), "\(name) gets ready") {
                var line: [UInt8] = []
                while !line.contains(UInt8(ascii: "\n")) {
                    guard let more = try await child.readOutput(upTo: 4096) else { break }
                    line += more
                }
                return String(decoding: line, as: UTF8.self)
            }
            words = line.split(whereSeparator: \.isWhitespace)
            guard line.contains("stt-rpcd ready:") else { throw RigFailure(description: "it said \"\(line)\"") }
        } catch {
            await process.kill()
            throw RigFailure(description: "\(name) did not start: \(error)\n\(process.logTail())")
        }
        if let address = words.first(where: { $0.hasPrefix("stt://") || $0.hasPrefix("unix:") }) {
            listening.withLock { $0 = String(address) }
        }
    }

    package func kill() async { await process.kill() }
    package func freeze() { process.freeze() }
    package func resume() { process.resume() }

    /// Its engines: its children that run the engine's program.
    package var children: [Int32] {
        let pid = pid
        return ProcessFacts.all.filter { ProcessFacts(pid: $0)?.parent == pid }
    }

    /// How often a text stands in its log.
    package func logged(_ text: String) -> Int {
        process.log.split(separator: "\n").count { $0.contains(text) }
    }
}
