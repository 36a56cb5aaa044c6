import Foundation
import STTProcess

/// A cluster on hosts of its own: the services on the first, servers and workers where a test puts them.
///
/// Concurrency: immutable but for the processes, which protect themselves; started and ended by one task.
package final class HostCluster: Sendable {
    package let hosts: NetworkHosts
    package let folder: TemporaryFolder
    private let services: [ServiceProcess.Kind: RigProcess]
    private let environment: [String: String]

    private static let ports: [ServiceProcess.Kind: Int] = [.redis: 6379, .mongodb: 27017, .s3: 9000]
    private static let rpcPort = 7700

    package init(on hosts: NetworkHosts, settings: Cluster.Settings) throws {
        self.hosts = hosts
        folder = try TemporaryFolder()
        let folder = folder
        services = Dictionary(
            uniqueKeysWithValues: ServiceProcess.Kind.allCases.map {
                ($0, RigProcess(name: $0.rawValue, logFile: folder.file("\($0.rawValue).log")))
            })
        func url(_ kind: ServiceProcess.Kind) -> String {
            "\(kind.scheme)\(hosts.address(of: 0)):\(Self.ports[kind] ?? 0)"
        }
        var environment = Cluster.cleanEnvironment
        environment.merge([
            "MONGODB_URL": url(.mongodb), "REDIS_URL": url(.redis), "S3_ENDPOINT": url(.s3), "S3_REGION": "us-east-1",
            "S3_BUCKET": "stt", "S3_ACCESS_KEY": "test-access-key", "S3_SECRET_KEY": "test-secret-key",
            "S3_CREATE_BUCKET": "true", "STT_LOG_LEVEL": "debug",
        ]) { $1 }
        self.environment = environment.merging(settings.variables) { $1 }
    }

    package func startServices() async throws {
        for (kind, process) in services {
            try FileManager.default.createDirectory(
                atPath: folder.file(kind.rawValue), withIntermediateDirectories: true)
            var environment = ProcessInfo.processInfo.environment
            environment["STT_SERVICES_DIR"] = folder.path
            environment["STT_SERVICES_BIND"] = hosts.address(of: 0)
            environment["MONGOD"] = environment["MONGOD"] ?? ExecutableSearch.find("mongod") ?? ""
            let port = Self.ports[kind] ?? 0
            let command = hosts.command(
                on: 0, "/bin/bash", [Checkout.scripts + "/services.sh", "launch", kind.rawValue, "\(port)"])
            try await process.start(command.0, command.1, environment: environment)
            let probe = hosts.command(
                on: 0, try Checkout.python(),
                [
                    Checkout.scripts + "/probe_service.py", kind.rawValue,
                    "\(kind.scheme)\(hosts.address(of: 0)):\(port)", "--seconds", "30", "--pid", "\(process.pid)",
                ])
            let outcome = try await ChildProcess.run(ProcessCommand(probe.0, probe.1), timeLimit: .seconds(40))
            guard outcome.exit.code == 0 else {
                throw RigFailure(description: "\(kind) did not start: \(outcome.errorTail())\n\(process.logTail(10))")
            }
        }
    }

    /// - Returns: The server's address with its process.
    package func startServer(on host: Int) async throws -> (address: String, process: RigProcess) {
        let address = "\(hosts.address(of: host)):\(Self.rpcPort)"
        return (address, try await start("serve", name: "server-\(host)", on: host, ["STT_LISTEN": address]))
    }

    package func startWorker(on host: Int, name: String, engine: any RigEngine) async throws -> RigProcess {
        try await start(
            "work", name: name, on: host,
            [
                "STT_SLOTS": "2", "STT_WHISPER_SERVER": engine.program, "STT_WHISPER_MODEL": engine.model,
                "STT_ENGINE_RERUN": "never",
            ])
    }

    /// Runs the command line client on a host to its end.
    package func client(on host: Int, _ arguments: [String], within limit: Duration) async throws -> Outcome {
        let command = hosts.command(on: host, Programs.client, arguments)
        let outcome = try await ChildProcess.run(
            ProcessCommand(
                command.0, command.1, environment: Cluster.cleanEnvironment, output: .keepHead(limit: 64 << 20)),
            timeLimit: limit)
        return Outcome(
            status: outcome.exit.code, output: String(decoding: outcome.output, as: UTF8.self),
            errors: String(decoding: outcome.errorOutput, as: UTF8.self))
    }

    package func end(_ processes: [RigProcess]) async {
        for process in processes + Array(services.values) { await process.kill() }
        await hosts.remove()
    }

    private func start(_ role: String, name: String, on host: Int, _ more: [String: String]) async throws -> RigProcess
    {
        let process = RigProcess(name: name, logFile: folder.file(name + ".log"))
        let command = hosts.command(on: host, Programs.daemon, [role])
        try await process.start(
            command.0, command.1, environment: environment.merging(more) { $1 }, streamsOutput: true)
        guard let child = process.child else { return process }
        let line = try await within(.seconds(40), "\(name) gets ready") {
            var line: [UInt8] = []
            while !line.contains(UInt8(ascii: "\n")) {
                guard let more = try await child.readOutput(upTo: 4096) else { break }
                line += more
            }
            return String(decoding: line, as: UTF8.self)
        }
        guard line.contains("stt-rpcd ready:") else {
            await process.kill()
            throw RigFailure(description: "\(name) did not start: it said \"\(line)\"\n\(process.logTail())")
        }
        return process
    }
}
