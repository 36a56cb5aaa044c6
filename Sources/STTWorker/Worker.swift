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
    private let identity: WorkerIdentity?
    private let registry: (any WorkerRegistry)?
    private let logger: Logger
    private let running = RunningWork()

    /// - Parameters:
    ///   - identity: Who it is in its reports.
    ///   - registry: Gets its reports. `nil`: it makes none.
    public init(
        ports: WorkerPorts, configuration: WorkerConfiguration, engines: any EngineFactory, audioLimits: AudioLimits,
        identity: WorkerIdentity? = nil, registry: (any WorkerRegistry)? = nil, logger: Logger
    ) {
        self.ports = ports
        self.configuration = configuration
        self.engines = engines
        self.audioLimits = audioLimits
        self.identity = identity
        self.registry = registry
        self.logger = logger
        metrics.update { $0.slotsTotal = configuration.slots }
    }

    /// Lets the worker finish what it has and take nothing more; `run` returns then. For ever: it cannot be undone.
    public func quiet() {
        metrics.update { $0.isDraining = true }
    }

    /// Works until the task is cancelled; then gives its claims back and ends its engines.
    public func run() async {
        let runTimes = EngineRunTimes()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.obeyControl() }
            group.addTask {
                let reconciler = Reconciler(
                    ports: self.ports, interval: self.configuration.reconcileInterval, logger: self.logger)
                await reconciler.run()
            }
            for slot in 0..<configuration.slots {
                group.addTask { await self.transcribe(slot: slot, runTimes: runTimes) }
            }
            for _ in 0..<configuration.housekeepingSlots {
                group.addTask { await self.keepHouse() }
            }
        }
    }

    private var keeper: LeaseKeeper {
        LeaseKeeper(
            store: ports.store, duration: configuration.leaseDuration, interval: configuration.renewalInterval,
            running: running)
    }

    private func obeyControl() async {
        while !Task.isCancelled {
            do {
                for await event in try await ports.events.subscribeToControl() {
                    switch event {
                    case .stop(let job): running.stop(job)
                    }
                }
            } catch {
                logger.warning("no control events, subscribing again", metadata: ["error": "\(error)"])
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
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
        let transcriber = ChunkTranscriber(objects: ports.objects, configuration: configuration, runTimes: runTimes)
        let processor = ChunkProcessor(
            ports: ports, configuration: configuration, keeper: keeper, metrics: metrics, transcriber: transcriber)
        await takeWork(.transcription, logger: logger) { item, logger throws(PortError) in
            guard case .chunk(let index) = item.kind else { return }
            var logger = logger
            logger[metadataKey: "chunk"] = "\(index)"
            try await processor.process(index, of: item.job, engine: engine, logger: logger)
        }
        await engine.shutdown()
    }

    private func keepHouse() async {
        let stages = StageRunner(ports: ports, configuration: configuration, keeper: keeper)
        let prepare = PrepareStage(ports: ports, limits: audioLimits)
        let merge = MergeStage(ports: ports, configuration: configuration, model: engines.modelName)
        let collect = CollectStage(ports: ports)
        await takeWork(.housekeeping, logger: logger) { item, logger throws(PortError) in
            switch item.kind {
            case .prepare: try await stages.run(.prepare, of: item.job, logger: logger) { try await prepare.run($0) }
            case .merge: try await stages.run(.merge, of: item.job, logger: logger) { try await merge.run($0) }
            case .collect: try await collect.run(item.job, logger: logger)
            case .chunk: break
            }
        }
    }

    /// Takes items of a lane one after another, until the task is cancelled.
    private func takeWork(
        _ lane: WorkLane, logger: Logger, _ handle: (WorkItem, Logger) async throws(PortError) -> Void
    ) async {
        var failures = 0
        while !Task.isCancelled {
            do throws(PortError) {
                let delivery = try await ports.queue.next(lane)
                var logger = logger
                logger[metadataKey: "job"] = "\(delivery.item.job)"
                do throws(PortError) {
                    try await handle(delivery.item, logger)
                    failures = 0
                } catch {
                    failures += 1
                    logger.warning(
                        "work left to the reconciler",
                        metadata: ["item": "\(delivery.item.kind)", "error": "\(error)"])
                }
                try await ports.queue.acknowledge(delivery)
            } catch {
                if error.code == .cancelled { return }
                failures += 1
                logger.warning("queue failed, trying again", metadata: ["error": "\(error)"])
            }
            if failures > 0 {
                do { try await Task.sleep(for: configuration.backoff.delay(attempt: failures)) } catch { return }
            }
        }
    }
}
