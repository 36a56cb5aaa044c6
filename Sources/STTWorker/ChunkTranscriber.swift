import Logging
import STTCore

/// Turns a claimed chunk into its result: reads the samples, runs the engine, and decides what an attempt that fails
/// means.
///
/// The first attempt runs as it is, the next ones in a fresh process. The last one runs the two halves on their own;
/// a half that fails again becomes a gap, so a chunk never holds its job up for ever.
struct ChunkTranscriber: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    let runTimes: EngineRunTimes
    var qualityGuard = QualityGuard()

    func transcribe(_ claim: ClaimedChunk, engine: SlotEngine, logger: Logger) async throws -> ChunkResult {
        let chunk = claim.chunk
        let lost = chunk.claims - chunk.releases - 1
        if lost >= configuration.maximumLostClaims {
            let cause =
                chunk.lastFailure
                ?? JobFailure(
                    code: "worker.lost",
                    message: "\(lost) workers ended while they transcribed this part of the recording")
            return gap(chunk, cause: cause, engine: await engine.name)
        }
        let samples = try await readAudio(of: chunk, logger: logger).channels[0]
        if chunk.attempts > 1 { await engine.recycle() }
        if chunk.attempts < configuration.maximumChunkAttempts {
            return try await run(
                samples, at: chunk.span.startMilliseconds, claim: claim, engine: engine, logger: logger)
        }
        logger.warning("last attempt at chunk, in two halves")
        return try await runInHalves(samples, claim: claim, engine: engine, logger: logger)
    }

    private func runInHalves(_ samples: [Int16], claim: ClaimedChunk, engine: SlotEngine, logger: Logger) async throws
        -> ChunkResult
    {
        let span = claim.chunk.span
        let middle = QuietestPoint.inMiddle(of: samples)
        var whole = ChunkResult(segments: [], engine: await engine.name, engineMilliseconds: 0)
        for range in [0..<middle, middle..<samples.count] where !range.isEmpty {
            let start = (span.startSample + range.lowerBound) * 1000 / ChunkSpan.sampleRate
            let end = (span.startSample + range.upperBound) * 1000 / ChunkSpan.sampleRate
            do {
                let half = try await run(Array(samples[range]), at: start, claim: claim, engine: engine, logger: logger)
                whole.segments += half.segments
                whole.language = whole.language ?? half.language
                whole.engineMilliseconds += half.engineMilliseconds
            } catch let error as EngineError where error.chargesChunk {
                logger.warning("part of chunk has no transcript", metadata: ["error": "\(error.message)"])
                whole.gaps.append(
                    TranscriptGap(startMilliseconds: start, endMilliseconds: end, cause: error.failure))
                await engine.recycle()
            }
        }
        whole.engine = await engine.name
        return whole
    }

    /// Runs the engine, and again at higher temperatures where it was caught in a loop.
    private func run(
        _ samples: [Int16], at start: Int, claim: ClaimedChunk, engine: SlotEngine, logger: Logger
    ) async throws -> ChunkResult {
        let levels = AudioLevels(samples, startMilliseconds: 0)
        var engineTime = Duration.zero
        var best: (verdict: QualityGuard.Verdict, language: String?)?
        for temperature in temperatures(from: claim.options.temperature) {
            let result = try await engine.transcribe(
                request(samples, claim: claim, temperature: temperature))
            runTimes.record(result.elapsed)
            engineTime += result.elapsed
            let verdict = qualityGuard.judge(result.segments, levels: levels)
            for dropped in verdict.dropped {
                logger.debug("segment dropped", metadata: ["reason": "\(dropped.reason)"])
            }
            if best.map({ verdict.compressionRatio < $0.verdict.compressionRatio }) ?? true || verdict.retry == nil {
                best = (verdict, result.language)
            }
            guard let retry = verdict.retry else { break }
            logger.debug("engine looped", metadata: ["temperature": "\(temperature)", "sign": "\(retry)"])
        }
        var segments = best?.verdict.kept ?? []
        if best?.verdict.retry != nil { segments = qualityGuard.collapsingLoops(segments) }
        return ChunkResult(
            segments: segments.map { $0.shifted(by: start) }, language: best?.language, engine: await engine.name,
            engineMilliseconds: Int(engineTime.milliseconds))
    }

    private func temperatures(from first: Double) -> [Double] {
        [first] + [0.4, 0.8].filter { $0 > first }
    }

    private func request(_ samples: [Int16], claim: ClaimedChunk, temperature: Double) -> EngineRequest {
        let span = claim.chunk.span
        let touchesForcedCut = span.endsInForcedCut || span.leadInSamples > 0
        let audio = Duration.milliseconds(samples.count * 1000 / ChunkSpan.sampleRate)
        return EngineRequest(
            samples: samples, language: claim.language ?? claim.options.language, translate: claim.options.translate,
            prompt: claim.options.prompt, temperature: temperature,
            wordTimestamps: claim.options.wordTimestamps || touchesForcedCut,
            timeLimit: configuration.engineTimeLimit.limit(
                audio: audio, slowest: runTimes.slowest, attempt: claim.chunk.attempts))
    }

    private func readAudio(of chunk: Chunk, logger: Logger) async throws -> ChunkAudio {
        let key = ObjectKey.samples(of: chunk.job, chunk: chunk.index)
        let bytes = try await ports.patience(logger)("reading samples") { try await ports.objects.read(key) }
        guard let audio = ChunkAudio(bytes: bytes), audio.pieces.first?.lowerBound == chunk.span.startSample,
            audio.pieces.last?.upperBound == chunk.span.endSample
        else {
            throw PortError(
                .corrupt, port: "object store",
                "\(key) has \(bytes.count) bytes that are not the audio of this chunk; submit the recording again")
        }
        return audio
    }

    private func gap(_ chunk: Chunk, cause: JobFailure, engine: String) -> ChunkResult {
        let gap = TranscriptGap(
            startMilliseconds: chunk.span.startMilliseconds, endMilliseconds: chunk.span.endMilliseconds, cause: cause)
        return ChunkResult(segments: [], gaps: [gap], engine: engine, engineMilliseconds: 0)
    }
}

extension TranscriptSegment {
    /// The segment with all its times moved.
    func shifted(by milliseconds: Int) -> TranscriptSegment {
        var moved = self
        moved.startMilliseconds += milliseconds
        moved.endMilliseconds += milliseconds
        for index in moved.words.indices {
            moved.words[index].startMilliseconds += milliseconds
            moved.words[index].endMilliseconds += milliseconds
        }
        return moved
    }
}
