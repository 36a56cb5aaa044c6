import STTAudio
import STTCore
import STTTestKit
import Synchronization

@testable import STTWorker

/// An engine factory whose engines answer what a closure says, language included.
final class SpokenEngines: EngineFactory, Sendable {
    typealias Answer = @Sendable (EngineRequest) async throws(EngineError) -> EngineResult

    let modelName = "spoken"
    private let isMultilingual: Bool
    private let answer: Answer
    private let log = Mutex<[EngineRequest]>([])

    init(isMultilingual: Bool = false, _ answer: @escaping Answer) {
        self.isMultilingual = isMultilingual
        self.answer = answer
    }

    var requests: [EngineRequest] { log.withLock { $0 } }

    func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine { Engine(factory: self) }

    func refusal(of options: TranscriptionOptions) -> JobFailure? {
        isMultilingual || options.language == nil || options.language == "en"
            ? nil : JobFailure(code: "engine.englishOnly", message: "English only")
    }

    private struct Engine: TranscriptionEngine {
        let factory: SpokenEngines
        let name = "spoken"

        func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
            factory.log.withLock { $0.append(request) }
            return try await factory.answer(request)
        }

        func recycle() {}
        func shutdown() {}
    }
}

extension EngineResult {
    /// One segment over all of the request's audio, made in 5 ms.
    static func saying(_ text: String, _ request: EngineRequest, avg: Double = -0.2, language: String? = "en")
        -> EngineResult
    {
        let end = request.samples.count / 16
        let segment = TranscriptSegment(
            startMilliseconds: 0, endMilliseconds: end, text: text, avgLogProbability: avg)
        return EngineResult(
            segments: text.isEmpty ? [] : [segment], language: language, elapsed: .milliseconds(5))
    }
}

extension Cluster {
    /// Samples with the level of speech, all the same but for the first, which tells who they are.
    static func speech(_ mark: Int16, milliseconds: Int) -> [Int16] {
        [mark] + (1..<milliseconds * 16).map { $0 / 3_200 % 2 == 0 ? ($0 % 2 == 0 ? 6_000 : -6_000) : 40 }
    }

    static func silence(milliseconds: Int) -> [Int16] { [Int16](repeating: 0, count: milliseconds * 16) }

    /// A job that is cut into these chunks already. Their work is in the queue.
    func spokenJob(
        _ chunks: [ChunkAudio], options: TranscriptionOptions = TranscriptionOptions(), enqueues: Bool = true
    ) async throws -> JobID {
        let id = JobID(at: clock.now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "test.wav")
        _ = try await store.insert(
            Job(id: id, tenant: .default, options: options, audio: audio, createdAt: clock.now))
        let owner = OwnerToken()
        _ = try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(60))
        let end = chunks.last?.pieces.last?.upperBound ?? 0
        let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: end)
        for (index, chunk) in chunks.enumerated() {
            try await objects.write(chunk.bytes, to: .samples(of: id, chunk: index))
            let span = ChunkSpan(
                index: index, startSample: chunk.pieces.first?.lowerBound ?? 0,
                endSample: chunk.pieces.last?.upperBound ?? 0)
            _ = try await store.addChunks([span], to: id, owner: owner, format: format)
        }
        _ = try await store.finishPreparing(id, owner: owner, chunkCount: chunks.count, format: format)
        if enqueues {
            try await queue.enqueue(
                chunks.indices.map { WorkItem(.chunk($0), job: id, tenant: .default, audioMilliseconds: 1_000) })
        }
        return id
    }

    /// Chunks of one second, one after the other, that tell their index by their first sample.
    static func seconds(_ count: Int) -> [ChunkAudio] {
        (0..<count).map {
            ChunkAudio(channels: [speech(Int16(1_000 + $0), milliseconds: 1_000)], startSample: $0 * 16_000)
        }
    }

    /// Runs a worker until all chunks are done, and returns their results.
    func results(
        of id: JobID, _ engines: any EngineFactory, slots: Int = 1,
        change: (inout WorkerConfiguration) -> Void = { _ in }
    ) async throws -> [ChunkResult] {
        var configuration = Self.configuration
        configuration.slots = slots
        configuration.decoding.predecessorPoll = .milliseconds(5)
        change(&configuration)
        let worker = Worker(
            ports: ports, configuration: configuration, engines: engines, audioLimits: AudioLimits(),
            logger: Self.silent)
        let running = Task { await worker.run() }
        try await eventually {
            // What was given back is to be claimed again at some time.
            clock.advance(by: .milliseconds(10))
            return try await job(id).progress.chunksDone == job(id).chunkCount
        }
        running.cancel()
        await running.value
        return try await store.chunks(of: id, from: 0, limit: 1_000).compactMap(\.result)
    }
}

extension EngineRequest {
    /// The index of the chunk that ``Cluster/seconds(_:)`` made.
    var chunkIndex: Int { Int(samples.first ?? 0) - 1_000 }
}
