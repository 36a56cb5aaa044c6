import Foundation
import Logging
import RPCTransport
import STTCore
import STTEngines
import STTMongo
import STTObjectStore
import STTRedis
import STTService
import STTWorker

/// Everything that `stt-rpcd serve` consists of.
///
/// Concurrency: immutable; `run` owns all tasks.
struct ServeService: Sendable {
    private let settings: Settings
    private let addresses: [ServerAddress]
    private let cluster: Cluster
    private let early: EarlyPreparer?
    private let server: SpeechServer
    private let logger: Logger

    /// Connects to nothing yet.
    /// - Throws: `StartFailure`, `SettingsError`.
    init(_ settings: Settings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        addresses = try settings.addresses()
        let tls = try settings.tlsSource(for: addresses)
        let importPrefix = try settings.importPrefix()
        let cluster = try Cluster(settings, role: "serve", logger: logger)
        self.cluster = cluster
        let workers = WorkerDirectory(registry: cluster.registry, logger: logger) { WhisperLanguage.isKnown($0) }
        let health = ClusterHealth(cluster, workers: workers)
        early =
            settings.text(.early) == "never"
            ? nil
            : EarlyPreparer(
                ports: WorkerPorts(
                    store: cluster.store, queue: cluster.queue, events: cluster.events, objects: cluster.objects),
                configuration: try settings.earlyConfiguration(), audioLimits: settings.audioLimits,
                speechDetection: settings.speechDetection,
                folder: ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp", detectsAsWorkersDo: false,
                logger: logger)
        var context = ServiceContext(
            store: cluster.store, queue: cluster.queue, events: cluster.events, objects: cluster.objects,
            fetcher: HTTPAudioFetcher(limits: settings.fetchLimits, logger: logger), importPrefix: importPrefix,
            limits: settings.serviceLimits, retention: settings.retention,
            refusal: { await workers.refusal(of: $0) }, workers: { await workers.activity() },
            dependencies: { await health.states() }, version: Version.current, logger: logger)
        context.early = early
        server = try SpeechServer(context, settings: settings, tls: tls, logger: logger)
    }

    /// Serves until a signal ends it.
    /// - Throws: `StartFailure` where a dependency does not answer at the start, or an address cannot be bound.
    func run() async throws {
        try await cluster.start(settings, logger: logger)
        let names = try await server.start(on: addresses)
        let signals = await StopSignals { server.endAtOnce() }
        let reloading = await ReloadSignal(server.reloads, logger: logger)
        let upkeep = await UpkeepSignals(of: server)
        let obeying = Task { await early?.obeyControl() }
        server.announce(names, metadata: ["member": "\(cluster.member)"])
        let signal = await signals.next()
        logger.info("draining", metadata: ["signal": "\(signal)"])
        await server.drain(grace: .seconds(settings.number(.graceSeconds) ?? 10))
        await early?.stop()
        obeying.cancel()
        signals.cancel()
        reloading.cancel()
        upkeep.cancel()
        let redis = cluster.redis
        await TimeLimit.run(.seconds(1)) { await redis.close() }
        logger.info("stopped")
    }
}
