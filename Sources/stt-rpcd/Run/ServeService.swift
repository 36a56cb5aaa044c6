import Logging
import RPCTransport
import STTCore
import STTEngines
import STTMongo
import STTObjectStore
import STTRedis
import STTService

/// Everything that `stt-rpcd serve` consists of.
///
/// Concurrency: immutable; `run` owns all tasks.
struct ServeService: Sendable {
    private let settings: Settings
    private let addresses: [ServerAddress]
    private let cluster: Cluster
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
        let context = ServiceContext(
            store: cluster.store, queue: cluster.queue, events: cluster.events, objects: cluster.objects,
            fetcher: HTTPAudioFetcher(limits: settings.fetchLimits, logger: logger), importPrefix: importPrefix,
            limits: settings.serviceLimits, retention: settings.retention,
            refusal: { await workers.refusal(of: $0) }, workers: { await workers.activity() },
            dependencies: { await health.states() }, version: Version.current, logger: logger)
        server = SpeechServer(context, tls: tls, logger: logger)
    }

    /// Serves until a signal ends it.
    /// - Throws: `StartFailure` where a dependency does not answer at the start, or an address cannot be bound.
    func run() async throws {
        try await cluster.start(settings, logger: logger)
        let names = try await server.start(on: addresses)
        let signals = await StopSignals { server.endAtOnce() }
        let reloading = await ReloadSignal(server.reloads, logger: logger)
        server.announce(names, metadata: ["member": "\(cluster.member)"])
        let signal = await signals.next()
        logger.info("draining", metadata: ["signal": "\(signal)"])
        await server.drain(grace: .seconds(settings.number(.graceSeconds) ?? 10))
        signals.cancel()
        reloading.cancel()
        let redis = cluster.redis
        await TimeLimit.run(.seconds(1)) { await redis.close() }
        logger.info("stopped")
    }
}
