import ArgumentParser
import Glibc
import Logging
import STTCore
import STTEngines
import STTRedis
import STTWorker

/// Everything that `stt-rpcd work` consists of.
///
/// Concurrency: immutable; `run` owns all tasks.
struct WorkService: Sendable {
    private let settings: Settings
    private let cluster: Cluster
    private let engines: ObservedEngineFactory
    private let worker: Worker
    private let logger: Logger

    /// How long giving leases back may take when nobody wants to wait.
    private static let lastWait = Duration.seconds(5)

    /// Finds the engine; connects to nothing yet.
    /// - Throws: `StartFailure`, `SettingsError`.
    init(_ settings: Settings, logger: Logger) throws {
        self.settings = settings
        let configuration = try settings.workerConfiguration()
        cluster = try Cluster(settings, role: "work", logger: logger)
        let selected = try settings.selectedEngines(logger: logger)
        engines = ObservedEngineFactory(selected, slots: settings.slots)
        let identity = WorkerIdentity(
            id: cluster.member, host: Cluster.hostName, pid: Int(getpid()), version: Version.current,
            startedAt: SystemWallClock().now, engine: selected.engineName, model: selected.modelName,
            isMultilingual: selected.isMultilingual, models: selected.models)
        var logger = logger
        logger[metadataKey: "worker"] = "\(identity.id)"
        self.logger = logger
        worker = Worker(
            ports: WorkerPorts(
                store: cluster.store, queue: cluster.queue, events: cluster.events, objects: cluster.objects),
            configuration: configuration, engines: engines, audioLimits: settings.audioLimits,
            speechDetection: settings.speechDetection, identity: identity,
            registry: cluster.registry, logger: logger)
    }

    /// Works until a signal ends it.
    /// - Throws: `StartFailure` where a dependency does not answer at the start; `ExitCode` where it ended without
    ///   giving its leases back.
    func run() async throws {
        try await cluster.start(settings, logger: logger)
        let working = Task { await worker.run() }
        let signals = await StopSignals {
            logger.warning("second signal, giving all work back at once")
            let isDone = await giveBack(working)
            exit(isDone ? 0 : 1)
        }
        let announcing = Task {
            await engines.allStarted()
            guard !Task.isCancelled else { return }
            let slots = settings.slots
            print("stt-rpcd ready: working with \(slots) \(slots == 1 ? "slot" : "slots")")
            fflush(nil)
            logger.info(
                "ready",
                metadata: ["slots": "\(slots)", "engine": "\(engines.engineName)", "model": "\(engines.modelName)"])
        }
        let signal = await signals.next()
        let grace = settings.number(.graceSeconds) ?? 60
        logger.info("finishing what runs", metadata: ["signal": "\(signal)", "graceSeconds": "\(grace)"])
        worker.quiet()
        let isFinished: Void? = await TimeLimit.run(.seconds(grace)) { await working.value }
        if isFinished == nil {
            logger.warning("grace is over, giving back what still runs")
            guard await giveBack(working) else { throw ExitCode(1) }
        } else {
            await TimeLimit.run(.seconds(1)) { await cluster.redis.close() }
        }
        announcing.cancel()
        signals.cancel()
        logger.info("stopped")
    }

    /// Ends the worker and its engines in bounded time.
    /// - Returns: `false` where a lease may not have been given back.
    private func giveBack(_ working: Task<Void, Never>) async -> Bool {
        working.cancel()
        let isDone: Void? = await TimeLimit.run(Self.lastWait) { await working.value }
        if isDone == nil { logger.error("leases not given back, they will run out") }
        await TimeLimit.run(.seconds(1)) { await cluster.redis.close() }
        return isDone != nil
    }
}
