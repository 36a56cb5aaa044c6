public import Logging
public import STTAudio
public import STTCore
import Synchronization

/// Cuts recordings while this process receives them: the `prepare` stage of their jobs, on files that are growing.
///
/// At most ``PCMReader/maximumGrowing`` at a time; further recordings are prepared once they are complete.
///
/// Concurrency: any task. Each recording is cut by a task of its own; a mutex protects the list of them.
public final class EarlyPreparer: EarlyPreparation {
    private struct State {
        var tasks: [JobID: Task<Void, Never>] = [:]
        /// Places that are taken.
        var count = 0
        var isStopped = false
    }

    /// Bytes for a recording whose size nobody knows: two hours of WAV at 16 kHz and more.
    private static let leastRoom = 256 << 20

    private let detectsAsWorkersDo: Bool
    private let ports: WorkerPorts
    private let configuration: WorkerConfiguration
    private let detection: SpeechDetection
    private let limits: AudioLimits
    private let folder: String
    private let running = RunningWork()
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - folder: For the recordings until they are cut.
    ///   - detectsAsWorkersDo: Whether the workers detect speech with the same program and model, as those of this process
    ///     do. Otherwise what has no detector here is left to them.
    public init(
        ports: WorkerPorts, configuration: WorkerConfiguration, audioLimits: AudioLimits,
        speechDetection: SpeechDetection, folder: String, detectsAsWorkersDo: Bool, logger: Logger
    ) {
        self.ports = ports.bounded(by: configuration)
        self.configuration = configuration
        self.limits = audioLimits
        self.detection = speechDetection
        self.folder = folder
        self.detectsAsWorkersDo = detectsAsWorkersDo
        self.logger = logger
    }

    /// Stops the cutting of jobs that are cancelled elsewhere, until the task is cancelled.
    public func obeyControl() async { await running.obeyControl(ports, logger: logger) }

    /// Takes no more recordings, and gives back those that are being cut.
    public func stop() async {
        let tasks = state.withLock { state in
            state.isStopped = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    public func begin(_ job: Job, size: Int?, firstBytes: [UInt8]) async throws(PortError) -> (any EarlyRecording)? {
        guard PCMReader.canReadGrowing(firstBytes), size ?? 0 <= limits.maximumBytes, canDetect(job.options) else {
            return nil
        }
        guard takePlace() else { return nil }
        do {
            guard let file = makeFile(size) else {
                leavePlace(job.id)
                return nil
            }
            let (owner, sent) = (OwnerToken(), ports.time.now)
            let inserted = try await ports.store.insertReceiving(job, owner: owner, lease: configuration.leaseDuration)
            var logger = logger
            logger[metadataKey: "job"] = "\(job.id)"
            logger.info(
                "audio is cut while it is received",
                metadata: ["tenant": "\(job.tenant)", "bytes": "\(size.map { "\($0)" } ?? "unknown")"])
            let recording = GrowingRecording(job: inserted, owner: owner, file: file, logger: logger)
            let task = Task {
                recording.ended(await self.cut(recording, sent: sent, logger: logger))
                self.leavePlace(job.id)
            }
            keep(task, of: recording)
            return recording
        } catch {
            leavePlace(job.id)
            throw error
        }
    }

    private func canDetect(_ options: TranscriptionOptions) -> Bool {
        guard !detectsAsWorkersDo, options.segmentation == .automatic || options.segmentation == .speech else {
            return true
        }
        return (try? detection.detector()) != nil
    }

    private func takePlace() -> Bool {
        state.withLock { state in
            guard !state.isStopped, state.count < PCMReader.maximumGrowing else { return false }
            state.count += 1
            return true
        }
    }

    private func leavePlace(_ id: JobID) {
        state.withLock { state in
            state.count -= 1
            state.tasks[id] = nil
        }
    }

    private func keep(_ task: Task<Void, Never>, of recording: GrowingRecording) {
        let isStopped = state.withLock { state in
            if !recording.hasEnded { state.tasks[recording.job.id] = task }
            return state.isStopped
        }
        if isStopped { task.cancel() }
    }

    /// `nil` where the disk has no room for it, beside what else is written at the same time.
    private func makeFile(_ size: Int?) -> GrowingFile? {
        do throws(AudioError) {
            let room = GrowingFile.freeBytes(in: folder) / 2
            guard room > size ?? Self.leastRoom else {
                logger.warning("no room to cut audio while it is received", metadata: ["folder": "\(folder)"])
                return nil
            }
            guard let size else {
                return try GrowingFile(upTo: min(room, limits.maximumBytes), folder: folder)
            }
            return try GrowingFile(size: size, folder: folder)
        } catch {
            logger.warning("audio is not cut while it is received", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func cut(_ recording: GrowingRecording, sent: Duration, logger: Logger) async -> StageRunner.Ending {
        let keeper = LeaseKeeper(
            duration: configuration.leaseDuration, interval: configuration.renewalInterval, running: running,
            time: ports.time, troubles: ports.troubles)
        let stages = StageRunner(ports: ports, configuration: configuration, keeper: keeper)
        let prepare = PrepareStage(ports: ports, limits: limits, detection: detection)
        return await withTaskCancellationHandler {
            await stages.carryOut(.prepare, recording.job, recording.owner, sent: sent, logger: logger) { context in
                try await recording.cut(prepare, context)
            }
        } onCancel: {
            recording.stop()
        }
    }
}
