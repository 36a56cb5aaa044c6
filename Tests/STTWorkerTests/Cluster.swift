import Foundation
import Logging
import STTAudio
import STTCore
import STTEmbedded
import STTTestKit
@testable import STTWorker
import Synchronization

/// What the workers of a cluster share: one store, one queue, one bus, objects in a folder of their own. Each worker
/// may see them through faults.
final class Cluster: Sendable {
    let clock: FakeWallClock
    let store: ReferenceJobStore
    let objects: FileObjectStore
    let queue = InProcessWorkQueue()
    let events = InProcessEventBus()
    private let folder: DataFolder

    init() throws {
        folder = try DataFolder(
            path: FileManager.default.temporaryDirectory.appending(path: "stt-cluster-\(UUID().uuidString)").path)
        clock = FakeWallClock(start: SystemWallClock().now)
        store = ReferenceJobStore(clock: clock)
        objects = try FileObjectStore(folder: folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    static let silent = Logger(label: "worker") { _ in SwiftLogNoOpLogHandler() }

    var ports: WorkerPorts {
        WorkerPorts(store: store, queue: queue, events: events, objects: objects, clock: clock)
    }

    /// A worker that does all in milliseconds, but for the leases, which last.
    static var configuration: WorkerConfiguration {
        var configuration = WorkerConfiguration(
            slots: 1, backoff: Backoff(base: .milliseconds(2), cap: .milliseconds(20)),
            reconcileInterval: .milliseconds(20), stopTimeLimit: .milliseconds(200))
        // Scripted answers, of few words, look like speech that was skipped.
        configuration.decoding.reruns = false
        return configuration
    }

    func worker(
        _ engines: ScriptedEngines, store: FaultPlan? = nil, queue: FaultPlan? = nil, events: FaultPlan? = nil,
        objects: FaultPlan? = nil, identity: WorkerIdentity? = nil, registry: (any WorkerRegistry)? = nil,
        change: (inout WorkerConfiguration) -> Void = { _ in }
    ) -> Worker {
        var configuration = Self.configuration
        change(&configuration)
        var ports = ports
        if let store { ports.store = FaultyJobStore(ports.store, plan: store) }
        if let queue { ports.queue = FaultyQueue(ports.queue, plan: queue) }
        if let events { ports.events = FaultyEventBus(ports.events, plan: events) }
        if let objects { ports.objects = FaultyObjectStore(ports.objects, plan: objects) }
        return Worker(
            ports: ports, configuration: configuration, engines: engines, audioLimits: AudioLimits(),
            identity: identity, registry: registry, logger: Self.silent)
    }

    /// A job whose audio is cut already, one second a chunk.
    func transcribing(chunks: Int, priority: JobPriority = .normal) async throws -> JobID {
        let id = JobID(at: clock.now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "test.wav")
        _ = try await store.insert(
            Job(
                id: id, tenant: .default, options: TranscriptionOptions(), priority: priority, audio: audio,
                createdAt: clock.now))
        let owner = OwnerToken()
        _ = try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(60))
        let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: chunks * 16_000)
        for index in 0..<chunks {
            let audio = ChunkAudio(channels: [[Int16](repeating: 257, count: 16_000)], startSample: index * 16_000)
            try await objects.write(audio.bytes, to: .samples(of: id, chunk: index))
            let span = ChunkSpan(index: index, startSample: index * 16_000, endSample: (index + 1) * 16_000)
            _ = try await store.addChunks([span], to: id, owner: owner, format: format)
        }
        _ = try await store.finishPreparing(id, owner: owner, chunkCount: chunks, format: format)
        return id
    }

    func job(_ id: JobID) async throws -> Job {
        guard let job = try await store.job(id, tenant: nil) else { throw CancellationError() }
        return job
    }

    func chunk(_ id: JobID, _ index: Int = 0) async throws -> Chunk {
        guard let chunk = try await store.chunks(of: id, from: index, limit: 1).first else { throw CancellationError() }
        return chunk
    }
}

/// Looks again and again, until the condition holds; the test's time limit bounds it.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}

/// Does not return before it is opened, however often its caller is cancelled.
func stubbornly(_ gate: Gate) async {
    await Task.detached { await gate.wait() }.value
}
