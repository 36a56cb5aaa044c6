import Logging
import RPCServer
import RPCTransport
import STTCore
import STTEmbedded
import STTEngines
import STTObjectStore
import STTService
import STTWorker

/// Everything that `stt-rpcd standalone` consists of.
///
/// Concurrency: immutable; `run` owns all tasks.
struct StandaloneService: Sendable {
    private let settings: Settings
    private let addresses: [ServerAddress]
    private let logger: Logger
    private let folder: DataFolder
    private let store: SQLiteJobStore
    private let objects: FileObjectStore
    private let engines: SelectedEngines
    private let worker: Worker
    private let early: EarlyPreparer?
    private let server: SpeechServer

    /// Opens the stores and finds the engine; nothing runs yet.
    /// - Throws: `StartFailure`, `SettingsError`.
    init(_ settings: Settings, logger: Logger) async throws {
        self.settings = settings
        self.logger = logger
        addresses = try settings.addresses()
        let tls = try settings.tlsSource(for: addresses)
        let configuration = try settings.workerConfiguration()
        let importPrefix = try settings.importPrefix()
        let path = try settings.required(.data)
        do throws(PortError) {
            folder = try DataFolder(path: path)
            store = try SQLiteJobStore(folder: folder)
            objects = try FileObjectStore(folder: folder)
        } catch {
            throw StartFailure(message: error.message)
        }
        engines = try settings.selectedEngines(logger: logger)
        let (queue, events) = (InProcessWorkQueue(), InProcessEventBus())
        let ports = WorkerPorts(store: store, queue: queue, events: events, objects: objects)
        let worker = Worker(
            ports: ports,
            configuration: configuration, engines: engines, audioLimits: settings.audioLimits,
            speechDetection: settings.speechDetection, logger: logger)
        self.worker = worker
        early =
            settings.text(.early) == "never"
            ? nil
            : EarlyPreparer(
                ports: ports, configuration: configuration, audioLimits: settings.audioLimits,
                speechDetection: settings.speechDetection, folder: folder.temporaryPath, detectsAsWorkersDo: true,
                logger: logger)
        let (store, folder, engines) = (store, folder, engines)
        var context = ServiceContext(
            store: store, queue: queue, events: events, objects: objects,
            fetcher: HTTPAudioFetcher(limits: settings.fetchLimits, logger: logger), importPrefix: importPrefix,
            limits: settings.serviceLimits, retention: settings.retention,
            refusal: { engines.refusal(of: $0) }, workers: { WorkerActivity(worker.metrics.snapshot) },
            dependencies: {
                await [
                    Self.storeState(store), Self.dataState(folder), Self.engineState(worker.metrics.snapshot, engines),
                ]
            }, version: Version.current, logger: logger)
        context.early = early
        server = try SpeechServer(context, settings: settings, tls: tls, logger: logger)
    }

    /// Serves until a signal ends it.
    /// - Throws: `StartFailure` where the addresses cannot be bound.
    func run() async throws {
        try await recover()
        let names = try await server.start(on: addresses)
        let signals = await StopSignals { server.endAtOnce() }
        let reloading = await ReloadSignal(server.reloads, logger: logger)
        let upkeep = await UpkeepSignals(of: server)
        let working = Task { await worker.run() }
        let obeying = Task { await early?.obeyControl() }
        server.announce(
            names,
            metadata: [
                "data": "\(folder.path)", "engine": "\(engines.engineName)", "model": "\(engines.modelName)",
            ])
        let signal = await signals.next()
        logger.info("draining", metadata: ["signal": "\(signal)"])
        working.cancel()
        await server.drain(grace: .seconds(settings.number(.graceSeconds) ?? 10))
        await early?.stop()
        await working.value
        obeying.cancel()
        signals.cancel()
        reloading.cancel()
        upkeep.cancel()
        logger.info("stopped")
    }

    /// Makes good what the last run left: its leases are void, and uploads without a job are no use to anyone.
    private func recover() async throws {
        do throws(PortError) {
            try await store.releaseAllLeases()
            _ = try await OrphanSweep(store: store, objects: objects, age: .zero, logger: logger).run()
        } catch {
            throw StartFailure(message: error.message)
        }
    }
}

extension StandaloneService {
    private static func storeState(_ store: SQLiteJobStore) async -> DependencyState {
        do {
            _ = try await store.counts(tenant: nil)
            return DependencyState(name: "job store", isWorking: true, message: "SQLite")
        } catch {
            return DependencyState(name: "job store", isWorking: false, message: error.message)
        }
    }

    private static func dataState(_ folder: DataFolder) -> DependencyState {
        do {
            let free = try folder.freeBytes() >> 20
            return DependencyState(
                name: "data folder", isWorking: free >= 64,
                message: "\(free) MiB free in \(folder.path)" + (free >= 64 ? "" : "; make room"))
        } catch {
            return DependencyState(name: "data folder", isWorking: false, message: error.message)
        }
    }

    private static func engineState(_ snapshot: WorkerSnapshot, _ engines: SelectedEngines) -> DependencyState {
        DependencyState(
            name: "engine", isWorking: snapshot.engineTrouble == nil,
            message: snapshot.engineTrouble ?? "\(engines.engineName), model \(engines.modelName)")
    }
}

extension WorkerActivity {
    init(_ snapshot: WorkerSnapshot) {
        self.init()
        slotsTotal = snapshot.slotsTotal
        slotsBusy = snapshot.slotsBusy
        chunksCommitted = snapshot.chunksCommitted
        chunksFenced = snapshot.chunksFenced
        chunksRetried = snapshot.chunksRetried
        engineRestarts = snapshot.engineRestarts
    }
}
