import Foundation
import Logging
import STTAudio
import STTCore
import STTEmbedded
import STTTestKit
import STTWorker
import Synchronization

/// A worker on the embedded adapters in a folder of its own, with scripted engines.
final class WorkerHarness: Sendable {
    let folder: DataFolder
    let store: SQLiteJobStore
    let objects: FileObjectStore
    let queue = InProcessWorkQueue()
    let events = InProcessEventBus()
    let engines: ScriptedEngines
    let worker: Worker
    private let running = Mutex<Task<Void, Never>?>(nil)

    init(
        slots: Int = 2, store wrap: (@Sendable (SQLiteJobStore) -> any JobStore)? = nil,
        detection: SpeechDetection = SpeechDetection(), change: (inout WorkerConfiguration) -> Void = { _ in },
        _ script: @escaping @Sendable (ScriptedEngines.Run) -> ScriptedEngines.Behaviour
    ) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stt-worker-\(UUID().uuidString)").path
        folder = try DataFolder(path: path)
        store = try SQLiteJobStore(folder: folder)
        objects = try FileObjectStore(folder: folder)
        engines = ScriptedEngines(script)
        var configuration = WorkerConfiguration(
            slots: slots, leaseDuration: .seconds(2) * Sanitizing.timeFactor, renewalInterval: .milliseconds(100),
            backoff: Backoff(base: .milliseconds(2), cap: .milliseconds(20)), reconcileInterval: .milliseconds(50))
        // Scripted answers, of few words, look like speech that was skipped.
        configuration.decoding.reruns = false
        change(&configuration)
        worker = Worker(
            ports: WorkerPorts(store: wrap?(store) ?? store, queue: queue, events: events, objects: objects),
            configuration: configuration, engines: engines, audioLimits: AudioLimits(),
            speechDetection: detection, logger: Logger(label: "worker") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    func start() {
        running.withLock { task in
            task = task ?? Task { await self.worker.run() }
        }
    }

    func stop() async {
        let task = running.withLock { $0.take() }
        task?.cancel()
        await task?.value
    }

    /// Stores the audio and inserts its job.
    func submit(_ wav: [UInt8], options: TranscriptionOptions = TranscriptionOptions()) async throws -> JobID {
        let id = JobID(at: SystemWallClock().now)
        try await objects.write(wav, to: .audio(of: id))
        let audio = StoredAudio(
            key: .audio(of: id), byteCount: wav.count, sha256: "0", filename: "test.wav")
        _ = try await store.insert(
            Job(id: id, tenant: .default, options: options, audio: audio, createdAt: SystemWallClock().now))
        try await queue.enqueue([WorkItem(.prepare, job: id, tenant: .default)])
        return id
    }

    /// Waits, by events and the store, until the job satisfies the condition.
    func wait(_ id: JobID, until condition: @Sendable (Job) -> Bool) async throws -> Job {
        let subscription = try await events.subscribe(to: id)
        return try await withThrowingTaskGroup(of: Job?.self) { group in
            let (wakes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            group.addTask {
                for await _ in subscription { continuation.yield() }
                return nil
            }
            group.addTask {
                for await _ in AsyncTimer(interval: .milliseconds(20)) { continuation.yield() }
                return nil
            }
            defer { group.cancelAll() }
            for await _ in wakes {
                if let job = try await self.store.job(id, tenant: nil), condition(job) { return job }
            }
            throw CancellationError()
        }
    }

    func waitForEnd(_ id: JobID) async throws -> Job {
        try await wait(id) { $0.state.isTerminal }
    }

    /// The merged transcript as text.
    func text(of job: Job) async throws -> String {
        guard let result = job.result else { return "" }
        var renderer = StoredTranscriptRenderer(.txt)
        var bytes: [UInt8] = []
        while renderer.needsAnotherPass {
            bytes += try renderer.push(try await objects.read(result.key))
            bytes += try renderer.endPass()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Yields at an interval until its task is cancelled.
struct AsyncTimer: AsyncSequence {
    let interval: Duration

    struct AsyncIterator: AsyncIteratorProtocol {
        let interval: Duration
        mutating func next() async -> Void? {
            do { try await Task.sleep(for: interval) } catch { return nil }
            return ()
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(interval: interval) }
}
