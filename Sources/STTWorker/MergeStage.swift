import Logging
import STTCore

/// Folds a job's chunks into its transcript, a page of them at a time, and completes the job.
struct MergeStage: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    /// Name of the Whisper model.
    let model: String

    private static let pageSize = 64

    func run(_ context: StageRunner.Context) async throws {
        let job = context.job
        let count = job.chunkCount ?? 0
        var page = try await chunks(of: job.id, from: 0, logger: context.logger)
        let language = job.options.language ?? page.lazy.compactMap { $0.result?.language }.first
        let header = TranscriptHeader(
            job: job.id, filename: job.audio.filename,
            audio: job.format ?? AudioFormat(name: "", sampleRate: 0, channels: 0, sampleCount: nil),
            durationMilliseconds: (job.format?.sampleCount ?? 0) * 1000 / ChunkSpan.sampleRate, options: job.options,
            engine: page.lazy.compactMap { $0.result?.engine }.first ?? "", model: job.options.model ?? model,
            language: language,
            createdAt: job.createdAt)
        var transcript = TranscriptWriter(header)
        let key = ObjectKey.transcript(of: job.id)
        let object = try await ports.objects.writer(for: key)
        do {
            try await object.write(transcript.begin())
            var merger = TranscriptMerger()
            var next = 0
            while next < count {
                guard page.first?.index == next else { throw missing(next, of: job) }
                for chunk in page {
                    try await object.write(try fold(chunk, into: &transcript, merger: &merger, job: job))
                    next = chunk.index + 1
                }
                try Task.checkCancellation()
                if next < count {
                    page = try await chunks(of: job.id, from: next, logger: context.logger)
                }
            }
            try await object.write(transcript.end())
            let size = try await object.finish()
            try await complete(context, result: StoredResult(key: key, byteCount: size), language: language)
        } catch {
            await object.abort()
            throw error
        }
        await ports.discard(.samples(of: job.id), logger: context.logger)
    }

    private func chunks(of id: JobID, from index: Int, logger: Logger) async throws -> [Chunk] {
        try await ports.patience(logger)("reading chunks") {
            try await ports.store.chunks(of: id, from: index, limit: Self.pageSize)
        }
    }

    private func fold(
        _ chunk: Chunk, into transcript: inout TranscriptWriter, merger: inout TranscriptMerger, job: Job
    ) throws -> [UInt8] {
        guard let result = chunk.result else { throw missing(chunk.index, of: job) }
        var merged = merger.fold(chunk.span, result)
        if !job.options.wordTimestamps {
            for index in merged.segments.indices { merged.segments[index].words = [] }
        }
        return try transcript.append(
            TranscriptChunk(merged, engineMilliseconds: result.engineMilliseconds, attempts: chunk.claims))
    }

    private func complete(_ context: StageRunner.Context, result: StoredResult, language: String?) async throws {
        let job = context.job
        let expiry = configuration.expiry(of: job, from: ports.clock.now)
        let completed = try await context.lease.settle("completion", patience: ports.patience(context.logger)) {
            _ async throws(PortError) in
            try await ports.store.complete(
                job.id, owner: context.owner, result: result, language: language, expiresAt: expiry)
        }
        guard completed != nil else { throw WorkInterruption.leaseLost }
        context.logger.info(
            "job completed",
            metadata: [
                "chunks": "\(job.progress.chunksDone)", "withGaps": "\(job.progress.chunksWithGaps)",
                "claims": "\(job.progress.chunkAttempts)",
            ])
    }

    private func missing(_ index: Int, of job: Job) -> PortError {
        PortError(.corrupt, port: "job store", "chunk \(index) of job \(job.id) has no result; submit the audio again")
    }
}
