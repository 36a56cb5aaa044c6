import Foundation
package import STTClient
import Synchronization

/// Servers and workers as processes of this build, on the services given, with a database, queue and bucket of their own.
///
/// Concurrency: any task; a mutex protects the lists. Processes are started by one task at a time.
package final class Cluster: Sendable {
    package struct Settings: Sendable {
        package var leaseSeconds = 6
        package var renewSeconds = 2
        package var reconcileSeconds = 1
        package var graceSeconds = 5
        package var more: [String: String] = [:]

        package init() {}

        var variables: [String: String] {
            [
                "STT_LEASE_SECONDS": "\(leaseSeconds)", "STT_RENEW_SECONDS": "\(renewSeconds)",
                "STT_RECONCILE_SECONDS": "\(reconcileSeconds)", "STT_GRACE_SECONDS": "\(graceSeconds)",
            ].merging(more) { $1 }
        }

        /// What the daemon does where nothing is said.
        package static var defaults: Settings {
            var settings = Settings()
            settings.leaseSeconds = 30
            settings.renewSeconds = 10
            return settings
        }
    }

    package let folder: TemporaryFolder
    package let services: ServiceAddresses
    package let settings: Settings
    package let database: String
    package let keyPrefix: String
    package let bucket: String
    package let ledger: Ledger

    private struct State {
        var servers: [ClusterProcess] = []
        var workers: [ClusterProcess] = []
        var clients: [SpeechClient] = []
        var engines: [any RigEngine] = []
    }

    private let state = Mutex(State())

    package init(on services: ServiceAddresses, settings: Settings = .init()) throws {
        folder = try TemporaryFolder()
        self.services = services
        self.settings = settings
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        database = "rig\(name)"
        keyPrefix = "rig\(name)"
        bucket = "rig-\(name)"
        ledger = Ledger()
    }

    package var servers: [ClusterProcess] { state.withLock { $0.servers } }
    package var workers: [ClusterProcess] { state.withLock { $0.workers } }
    package var engines: [any RigEngine] { state.withLock { $0.engines } }
    var processes: [ClusterProcess] { servers + workers }

    @discardableResult
    package func startServer(routes: ClusterProcess.Routes = .init(), environment: [String: String] = [:]) async throws
        -> ClusterProcess
    {
        let server = ClusterProcess(
            .serve, name: "server-\(servers.count)", routes: routes,
            environment: self.environment(routes).merging(environment) { $1 }, folder: folder)
        state.withLock { $0.servers.append(server) }
        try await server.start()
        return server
    }

    @discardableResult
    package func startWorker(
        slots: Int = 2, engine: any RigEngine, routes: ClusterProcess.Routes = .init(),
        environment: [String: String] = [:]
    ) async throws -> ClusterProcess {
        let own = [
            "STT_SLOTS": "\(slots)", "STT_WHISPER_SERVER": engine.program, "STT_WHISPER_MODEL": engine.model,
            // Runs are counted.
            "STT_ENGINE_RERUN": "never",
        ].merging(environment) { $1 }
        let worker = ClusterProcess(
            .work, name: "worker-\(workers.count)", routes: routes,
            environment: self.environment(routes).merging(own) { $1 }, folder: folder)
        state.withLock { state in
            state.workers.append(worker)
            if !state.engines.contains(where: { $0.program == engine.program }) { state.engines.append(engine) }
        }
        try await worker.start()
        return worker
    }

    /// - Parameter servers: Tried in turn. Empty: all.
    package func client(
        of servers: [ClusterProcess] = [], configure: (inout SpeechClientConfiguration) -> Void = { _ in }
    ) throws -> SpeechClient {
        var configuration = SpeechClientConfiguration()
        configuration.waitsForFirstConnection = true
        configuration.connection.spreadsOverAddresses = false
        configuration.retryFor = .seconds(60)
        configuration.callTimeout = .seconds(30)
        configure(&configuration)
        let addresses = try (servers.isEmpty ? self.servers : servers).map { try ServerAddress(parsing: $0.address) }
        let client = SpeechClient(addresses: addresses, configuration: configuration)
        state.withLock { $0.clients.append(client) }
        return client
    }

    /// Every engine run so far, by the audio's checksum.
    package var engineRuns: [String: Int] {
        engines.reduce(into: [:]) { counts, engine in
            for run in engine.runs { counts[run.checksum, default: 0] += 1 }
        }
    }

    /// Ends everything, and removes what it left in the services.
    package func end() async {
        for client in state.withLock({ $0.clients }) { await client.close() }
        await withTaskGroup(of: Void.self) { group in
            for process in processes {
                group.addTask {
                    process.resume()
                    await process.process.terminate(grace: .seconds(10))
                }
            }
        }
        await removeTraces()
    }

    /// The ends of all logs, for a test that failed.
    package func logTails(_ lines: Int = 40) -> String {
        processes.map { "---- \($0.name)\n\($0.process.logTail(lines))" }.joined(separator: "\n")
    }

    /// This process's environment without what would configure a daemon.
    static var cleanEnvironment: [String: String] {
        let prefixes = ["STT_", "MONGODB_", "REDIS_", "S3_"]
        return ProcessInfo.processInfo.environment.filter { name, _ in !prefixes.contains { name.hasPrefix($0) } }
    }

    private func environment(_ routes: ClusterProcess.Routes) -> [String: String] {
        func through(_ proxy: FaultProxy?, _ url: String) -> String {
            proxy.map { Endpoint.replacing(url, port: $0.port) } ?? url
        }
        var environment = Self.cleanEnvironment
        environment.merge([
            "MONGODB_URL": through(routes.mongodb, services.mongodb), "MONGODB_DATABASE": database,
            "REDIS_URL": through(routes.redis, services.redis), "REDIS_KEY_PREFIX": keyPrefix,
            "S3_ENDPOINT": through(routes.s3, services.s3), "S3_REGION": services.s3Region, "S3_BUCKET": bucket,
            "S3_ACCESS_KEY": services.s3AccessKey, "S3_SECRET_KEY": services.s3SecretKey, "S3_CREATE_BUCKET": "true",
            "STT_LOG_LEVEL": "debug",
        ]) { $1 }
        return environment.merging(settings.variables) { $1 }
    }
}
