import Logging
import STTAudio
import STTCore
import STTWorker

/// Puts a job with its chunks into the store, and times a worker that transcribes them.
struct Bench {
    struct Figures: Sendable {
        var elapsed: Duration
        /// `nil` where the store does not count them.
        var roundTripsPerChunk: Double?
    }

    let adapters: Adapters
    let slots: Int
    let sleep: Duration

    func run(chunks: Int) async throws -> Figures {
        var configuration = WorkerConfiguration(slots: slots)
        // Nothing is lost here, and a pass over the store would be timed with the rest.
        configuration.reconcileInterval = .seconds(600)
        let worker = Worker(
            ports: adapters.ports, configuration: configuration, engines: SleepingEngines(sleep: sleep),
            audioLimits: AudioLimits(), logger: Logger(label: "worker") { _ in SwiftLogNoOpLogHandler() })
        // Connections stand and code is warm before the clock starts.
        let warmUp = try await makeJob(chunks: slots * 4)
        let job = try await makeJob(chunks: chunks)
        let working = Task { await worker.run() }
        defer { working.cancel() }
        try await adapters.ports.queue.enqueue(warmUp)
        try await wait(for: slots * 4, of: worker)
        let (clock, trips) = (ContinuousClock(), adapters.roundTrips)
        let begun = clock.now
        try await adapters.ports.queue.enqueue(job)
        try await wait(for: slots * 4 + chunks, of: worker)
        let elapsed = clock.now - begun
        let used = adapters.roundTrips.map { now in Double(now - (trips ?? 0)) / Double(chunks) }
        working.cancel()
        await working.value
        return Figures(elapsed: elapsed, roundTripsPerChunk: used)
    }

    private func wait(for commits: Int, of worker: Worker) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while worker.metrics.snapshot.chunksCommitted < commits {
            guard ContinuousClock.now < deadline else { throw BenchmarkFailure("the chunks were not done in 300 s") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// A job that was prepared: only its chunks are left to do.
    private func makeJob(chunks: Int) async throws -> [WorkItem] {
        let (store, objects) = (adapters.ports.store, adapters.ports.objects)
        let id = JobID(at: SystemWallClock().now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "bench.wav")
        _ = try await store.insert(
            Job(
                id: id, tenant: .default, options: TranscriptionOptions(), audio: audio,
                createdAt: SystemWallClock().now))
        let owner = OwnerToken()
        _ = try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(600))
        let second = ChunkSpan.sampleRate
        let spans = (0..<chunks).map {
            ChunkSpan(index: $0, startSample: $0 * second, endSample: ($0 + 1) * second)
        }
        let format = AudioFormat(name: "WAV/PCM_16", sampleRate: second, channels: 1, sampleCount: chunks * second)
        for start in stride(from: 0, to: chunks, by: 100) {
            let some = Array(spans[start..<min(start + 100, chunks)])
            guard try await store.addChunks(some, to: id, owner: owner, format: format) else {
                throw BenchmarkFailure("the stage was lost while the job was made")
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, _) in spans.enumerated() {
                if index >= 16 { try await group.next() }
                group.addTask { try await objects.write(Self.samples, to: .samples(of: id, chunk: index)) }
            }
            try await group.waitForAll()
        }
        guard try await store.finishPreparing(id, owner: owner, chunkCount: chunks, format: format) != nil else {
            throw BenchmarkFailure("the stage was lost while the job was made")
        }
        return spans.map {
            WorkItem(.chunk($0.index), job: id, tenant: .default, audioMilliseconds: Int($0.duration.milliseconds))
        }
    }

    /// A second of noise, as loud as speech, so that no gate takes it for silence.
    private static let samples: [UInt8] = {
        var state: UInt64 = 1
        return (0..<ChunkSpan.sampleRate).flatMap { index -> [UInt8] in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let swell = 1 + index % 3200 * 3 / 3200
            let sample = Int16(truncatingIfNeeded: Int(state >> 52) - 2048) &* Int16(swell)
            return [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)]
        }
    }()
}

struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
