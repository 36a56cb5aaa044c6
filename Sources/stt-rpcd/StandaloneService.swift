import Glibc
import Logging
import RPCServer
import RPCTransport
import STTAudio
import STTCore
import STTEmbedded
import STTEngines
import STTService
import STTWorker
import UnixSignals

/// Everything that `stt-rpcd standalone` consists of.
///
/// Concurrency: immutable; `run` owns all tasks.
struct StandaloneService: Sendable {
    private let command: StandaloneCommand
    private let logger: Logger
    private let folder: DataFolder
    private let store: SQLiteJobStore
    private let objects: FileObjectStore
    private let queue = InProcessWorkQueue()
    private let events = InProcessEventBus()
    private let engines: WhisperEngineFactory
    private let worker: Worker
    private let server: RPCServer

    /// Opens the stores and finds the engine; nothing runs yet.
    /// - Throws: `StartFailure`.
    init(_ command: StandaloneCommand, logger: Logger) async throws {
        self.command = command
        self.logger = logger
        do throws(PortError) {
            folder = try DataFolder(path: command.data)
            store = try SQLiteJobStore(folder: folder)
            objects = try FileObjectStore(folder: folder)
        } catch {
            throw StartFailure(message: error.message)
        }
        let slots = command.slots ?? min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), 4)
        engines = try Self.engines(command.engine, slots: slots, logger: logger)
        let configuration = command.jobs.workerConfiguration(slots: slots, engine: command.engine)
        worker = Worker(
            ports: WorkerPorts(store: store, queue: queue, events: events, objects: objects),
            configuration: configuration, engines: engines, audioLimits: command.jobs.audioLimits, logger: logger)
        server = Self.server(
            SpeechService(
                context: Self.context(
                    store: store, queue: queue, events: events, objects: objects, folder: folder, engines: engines,
                    worker: worker, command: command, logger: logger)),
            logger: logger)
    }

    /// Serves until a signal ends it.
    /// - Throws: `StartFailure` where the addresses cannot be bound.
    func run() async throws {
        try await recover()
        let addresses: [ListenAddress]
        do {
            addresses = try await server.start(listeningOn: try command.server.addresses())
        } catch let error as RPCError {
            throw StartFailure(message: error.message)
        }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let working = Task { await worker.run() }
        let names = addresses.map(\.description).joined(separator: " ")
        print("stt-rpcd ready: listening on \(names)")
        fflush(nil)
        logger.info(
            "ready",
            metadata: [
                "addresses": "\(names)", "data": "\(folder.path)", "engine": "\(engines.engineName)",
                "model": "\(engines.modelName)",
            ])
        let (stop, stopContinuation) = AsyncStream.makeStream(of: UnixSignal.self)
        let watching = Task {
            var isSecond = false
            for await signal in signals {
                if isSecond {
                    logger.warning("second signal, ending at once")
                    exit(1)
                }
                isSecond = true
                stopContinuation.yield(signal)
            }
        }
        var stops = stop.makeAsyncIterator()
        let signal = await stops.next()
        logger.info("draining", metadata: ["signal": "\(signal.map { "\($0)" } ?? "none")"])
        working.cancel()
        await server.drain(grace: .seconds(command.server.graceSeconds))
        await working.value
        watching.cancel()
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
    private static func engines(_ options: EngineOptions, slots: Int, logger: Logger) throws -> WhisperEngineFactory {
        guard let model = options.modelPath else {
            throw StartFailure(
                message: "no Whisper model: give --model or set STT_WHISPER_MODEL to a model in ggml format")
        }
        let processors = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
        let configuration = WhisperConfiguration(
            modelPath: model, serverPath: options.serverPath, commandLinePath: options.cliPath,
            threads: options.threads ?? max(processors / slots, 1),
            decoding: DecodingParameters(beamSize: options.beamSize, bestOf: max(options.beamSize, 2)))
        do {
            return try WhisperEngineFactory(configuration, log: logger)
        } catch {
            throw StartFailure(message: error.message)
        }
    }

    private static func server(_ service: SpeechService, logger: Logger) -> RPCServer {
        var registry = MethodRegistry()
        service.register(in: &registry)
        var configuration = RPCServerConfiguration()
        configuration.agent = "stt-rpcd/\(Version.current)"
        return RPCServer(methods: registry, configuration: configuration, logger: logger)
    }

    private static func context(
        store: SQLiteJobStore, queue: InProcessWorkQueue, events: InProcessEventBus, objects: FileObjectStore,
        folder: DataFolder, engines: WhisperEngineFactory, worker: Worker, command: StandaloneCommand, logger: Logger
    ) -> ServiceContext {
        ServiceContext(
            store: store, queue: queue, events: events, objects: objects, limits: command.jobs.serviceLimits,
            retention: command.jobs.retention, refusal: { engines.refusal(of: $0) },
            workers: { WorkerActivity(worker.metrics.snapshot) },
            dependencies: {
                await [
                    Self.storeState(store), Self.dataState(folder), Self.engineState(worker.metrics.snapshot, engines),
                ]
            }, version: Version.current, logger: logger)
    }

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

    private static func engineState(_ snapshot: WorkerSnapshot, _ engines: WhisperEngineFactory) -> DependencyState {
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
