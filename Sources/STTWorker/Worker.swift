public import Logging
public import STTAudio
public import STTCore

/// Takes work from the queue and does it: decodes and cuts audio, transcribes chunks, merges transcripts, collects
/// what was deleted.
///
/// Concurrency: immutable; `run` owns the tasks of all slots, and they end with it.
public final class Worker: Sendable {
    public let metrics = WorkerMetrics()
    private let ports: WorkerPorts
    private let configuration: WorkerConfiguration
    private let engines: any EngineFactory
    private let audioLimits: AudioLimits
    private let speechDetection: SpeechDetection
    private let identity: WorkerIdentity?
    private let registry: (any WorkerRegistry)?
    private let logger: Logger
    private let running = RunningWork()
    private let drain = Drain()
    private let standby: StandbyWork
    private let earlier: EarlierChunks

    /// - Parameters:
    ///   - speechDetection: What tells speech from other sound. Without a model, recordings are cut at silence.
    ///   - identity: Who it is in its reports.
    ///   - registry: Gets its reports. `nil`: it makes none.
    public init(
        ports: WorkerPorts, configuration: WorkerConfiguration, engines: any EngineFactory, audioLimits: AudioLimits,
        speechDetection: SpeechDetection = SpeechDetection(), identity: WorkerIdentity? = nil,
        registry: (any WorkerRegistry)? = nil, logger: Logger
    ) {
        let ports = ports.bounded(by: configuration)
        self.ports = ports
        standby = StandbyWork(ports: ports, interval: configuration.queueProbeInterval, logger: logger)
        earlier = EarlierChunks(ports: ports, policy: configuration.decoding, engines: engines)
        self.configuration = configuration
        self.engines = engines
        self.audioLimits = audioLimits
        self.speechDetection = speechDetection
        self.identity = identity
        self.registry = registry
        self.logger = logger
        metrics.update { $0.slotsTotal = configuration.slots }
    }

    /// Lets the worker finish what it has and take nothing more; `run` returns then. For ever: it cannot be undone.
    public func quiet() {
        metrics.update { $0.isDraining = true }
        if !drain.hasBegun { logger.info("draining: taking no more work") }
        drain.begin()
    }

    /// Works until the task is cancelled, and then gives its claims back and ends its engines; or until what it has is
    /// done after `quiet`.
    public func run() async {
        let runTimes = EngineRunTimes()
        await withTaskGroup(of: Void.self) { upkeep in
            upkeep.addTask { await self.running.obeyControl(self.ports, logger: self.logger) }
            upkeep.addTask { await self.standby.run() }
            upkeep.addTask {
                await Upkeep(ports: self.ports, configuration: self.configuration, logger: self.logger).run()
            }
            if let identity, let registry {
                let reporter = WorkerReporter(
                    identity: identity, registry: registry, configuration: configuration, metrics: metrics,
                    drain: drain, time: ports.time, logger: logger)
                upkeep.addTask { await reporter.run() }
            }
            await withTaskGroup(of: Void.self) { work in
                for slot in 0..<self.configuration.slots {
                    work.addTask { await self.transcribe(slot: slot, runTimes: runTimes) }
                }
                for _ in 0..<self.configuration.housekeepingSlots {
                    work.addTask { await self.keepHouse() }
                }
            }
            upkeep.cancelAll()
        }
    }

    private var keeper: LeaseKeeper {
        LeaseKeeper(
            duration: configuration.leaseDuration, interval: configuration.renewalInterval, running: running,
            time: ports.time, troubles: ports.troubles)
    }

    private func taker(_ lane: WorkLane, logger: Logger) -> WorkTaker {
        WorkTaker(
            ports: ports, standby: standby, drain: drain, lane: lane, backoff: configuration.backoff, logger: logger)
    }

    private func transcribe(slot: Int, runTimes: EngineRunTimes) async {
        var logger = logger
        logger[metadataKey: "slot"] = "\(slot)"
        let engine = SlotEngine(factory: engines, slot: slot, metrics: metrics)
        do {
            try await engine.prepare()
        } catch {
            logger.error("no engine, trying again with each chunk", metadata: ["error": "\(error.message)"])
        }
        let transcriber = ChunkTranscriber(
            ports: ports, configuration: configuration, runTimes: runTimes, earlier: earlier)
        let processor = ChunkProcessor(
            ports: ports, configuration: configuration, keeper: keeper, metrics: metrics, transcriber: transcriber)
        await taker(.transcription, logger: logger).run { item, logger throws(PortError) in
            guard case .chunk(let index) = item.kind else { return .handled }
            var logger = logger
            logger[metadataKey: "chunk"] = "\(index)"
            return try await processor.process(index, of: item.job, engine: engine, logger: logger)
        }
        await engine.shutdown()
    }

    private func keepHouse() async {
        let stages = StageRunner(ports: ports, configuration: configuration, keeper: keeper)
        let prepare = PrepareStage(ports: ports, limits: audioLimits, detection: speechDetection)
        let merge = MergeStage(ports: ports, configuration: configuration, model: engines.modelName)
        let collect = CollectStage(ports: ports)
        await taker(.housekeeping, logger: logger).run { item, logger throws(PortError) in
            switch item.kind {
            case .prepare:
                return try await stages.run(.prepare, of: item.job, logger: logger) { try await prepare.run($0) }
            case .merge:
                return try await stages.run(.merge, of: item.job, logger: logger) { try await merge.run($0) }
            case .collect:
                try await collect.run(item.job, logger: logger)
                return .handled
            case .chunk:
                return .handled
            }
        }
    }
}
