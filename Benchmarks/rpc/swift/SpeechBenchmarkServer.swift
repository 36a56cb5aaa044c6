internal import Foundation
internal import Logging
internal import RPCServer
internal import STTCore
internal import STTEmbedded
internal import STTProto
internal import STTService

/// The real service on the embedded store, without an engine: its jobs are made and moved on by the benchmark itself.
struct SpeechBenchmarkServer {
    private let store: SQLiteJobStore
    private let objects: FileObjectStore
    private let events = InProcessEventBus()
    private let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    static func run(loops: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "stt-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try SpeechBenchmarkServer(folder: DataFolder(path: folder.path))
        try await server.run(loops: loops)
    }

    private init(folder: DataFolder) throws {
        store = try SQLiteJobStore(folder: folder)
        objects = try FileObjectStore(folder: folder)
    }

    private func run(loops: Int) async throws {
        for id in SpeechWorkload.jobs { try await insert(id) }
        try await prepare(SpeechWorkload.completed, chunks: SpeechWorkload.chunks)
        for index in 0..<SpeechWorkload.chunks { try await commit(index, of: SpeechWorkload.completed) }
        try await complete(SpeechWorkload.completed)

        var context = ServiceContext(
            store: store, queue: InProcessWorkQueue(), events: events, objects: objects, retention: .seconds(3600),
            version: "bench", logger: logger)
        context.limits.maximumUnfinishedJobs = .max
        var methods = MethodRegistry()
        SpeechService(context: context).register(in: &methods)
        // Makes a job and returns; then its chunks are done one after the other.
        methods.unary(SpeechWorkload.begin) { (_: StatusRequest, _) in
            let id = JobID(at: SystemWallClock().now)
            try await prepare(id, chunks: SpeechWorkload.liveChunks)
            Task { try await transcribe(id) }
            return JobStatus(jobID: id.description)
        }
        try await BenchmarkServer.serve(methods, loops: loops, logger: logger)
    }

    private func transcribe(_ id: JobID) async throws {
        try await Task.sleep(for: .milliseconds(300))
        for index in 0..<SpeechWorkload.liveChunks {
            try await commit(index, of: id)
            try await Task.sleep(for: .milliseconds(2))
        }
        try await complete(id)
    }

    private func insert(_ id: JobID) async throws {
        let audio = StoredAudio(
            key: .audio(of: id), byteCount: 5_568_044, sha256: String(repeating: "5a", count: 32),
            filename: "interview-with-the-guest-of-the-week.flac")
        _ = try await store.insert(
            Job(
                id: id, tenant: .default, options: TranscriptionOptions(), audio: audio,
                createdAt: SystemWallClock().now))
    }

    private func prepare(_ id: JobID, chunks: Int) async throws {
        try await insert(id)
        let owner = OwnerToken()
        let format = AudioFormat(name: "FLAC", sampleRate: 44_100, channels: 2, sampleCount: chunks * 464_000)
        _ = try await store.claim(.prepare, of: id, owner: owner, lease: .seconds(60))
        let spans = (0..<chunks).map {
            ChunkSpan(index: $0, startSample: $0 * 464_000, endSample: ($0 + 1) * 464_000)
        }
        _ = try await store.addChunks(spans, to: id, owner: owner, format: format)
        _ = try await store.finishPreparing(id, owner: owner, chunkCount: chunks, format: format)
    }

    private func commit(_ index: Int, of id: JobID) async throws {
        let owner = OwnerToken()
        guard let claimed = try await store.claimChunk(index, of: id, owner: owner, lease: .seconds(60)) else { return }
        var chunk = claimed.chunk
        let result = SpeechWorkload.result(of: chunk.span)
        _ = try await store.commitChunk(index, of: id, owner: owner, result: result)
        (chunk.state, chunk.result) = (.done, result)
        try await events.publish(.chunkDone(chunk))
    }

    private func complete(_ id: JobID) async throws {
        let owner = OwnerToken()
        _ = try await store.claim(.merge, of: id, owner: owner, lease: .seconds(60))
        _ = try await store.complete(
            id, owner: owner, result: StoredResult(key: .transcript(of: id), byteCount: 1), language: "en",
            expiresAt: SystemWallClock().now + .seconds(3600))
        try await events.publish(.jobChanged(id))
    }
}
