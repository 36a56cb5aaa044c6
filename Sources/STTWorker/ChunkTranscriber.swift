import Logging
import STTCore

/// Turns a claimed chunk into its result: reads the samples, has the engine transcribe each channel, and decides what an
/// attempt that fails means.
///
/// The first attempt runs as it is, the next ones in a fresh process. The last one runs the two halves on their own;
/// a half that fails again becomes a gap, so a chunk never holds its job up for ever.
struct ChunkTranscriber: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    let runTimes: EngineRunTimes
    let earlier: EarlierChunks
    var gate = SpeechGate()
    var gainControl = GainControl()

    /// - Throws: ``ChunkMustWait`` where an earlier chunk has to be done first and this one only keeps its slot from it.
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
        let audio = try await ChunkAudioReader(ports: ports).read(chunk, logger: logger)
        guard gate.judge(audio.channels).contains(where: { $0.refusal == nil }) else {
            logger.debug("nothing to be heard in chunk")
            return try await finished(try await parts(of: claim, [audio], inheritance: nil, engine, logger), engine)
        }
        let inheritance = try await earlier.inheritance(of: claim, logger: logger)
        if chunk.attempts > 1 { await engine.recycle() }
        let isLast = chunk.attempts >= configuration.maximumChunkAttempts
        if isLast { logger.warning("last attempt at chunk, in two halves") }
        let parts = try await parts(
            of: claim, isLast ? audio.halves : [audio], inheritance: inheritance, engine, logger)
        return try await finished(parts, engine)
    }

    private func finished(_ parts: ChunkParts, _ engine: SlotEngine) async throws -> ChunkResult {
        parts.result(engine: await engine.name)
    }

    private func parts(
        of claim: ClaimedChunk, _ audios: [ChunkAudio], inheritance: EarlierChunks.Inheritance?, _ engine: SlotEngine,
        _ logger: Logger
    ) async throws -> ChunkParts {
        let attempts = EngineAttempts(
            claim: claim, engine: engine, configuration: configuration, runTimes: runTimes,
            language: inheritance?.language ?? claim.language ?? claim.options.language, logger: logger)
        var parts = ChunkParts()
        for (index, audio) in audios.enumerated() {
            let extent = SpliceMap(audio.pieces).extent
            for verdict in gate.judge(audio.channels) {
                let channel = audio.channels.count > 1 ? verdict.channel + 1 : nil
                if let refusal = verdict.refusal {
                    parts.leaveOut(channel, extent, refusal)
                    continue
                }
                let samples = gainControl.levelled(audio.channels[verdict.channel]) ?? audio.channels[verdict.channel]
                let stretch = EngineAttempts.Stretch(
                    audio: ChunkAudio(channels: [samples], pieces: audio.pieces),
                    levels: AudioLevels(samples, startMilliseconds: 0),
                    carriedText: index == 0 ? inheritance?.text(channel: channel) : nil)
                do {
                    parts.add(try await attempts.run(stretch), channel: channel)
                } catch let error as EngineError where error.chargesChunk && audios.count > 1 {
                    logger.warning("part of chunk has no transcript", metadata: ["error": "\(error.message)"])
                    parts.addGap(extent, cause: error.failure)
                    await engine.recycle()
                }
            }
        }
        return parts
    }

    private func gap(_ chunk: Chunk, cause: JobFailure, engine: String) -> ChunkResult {
        let gap = TranscriptGap(
            startMilliseconds: chunk.span.startMilliseconds, endMilliseconds: chunk.span.endMilliseconds, cause: cause)
        return ChunkResult(segments: [], gaps: [gap], engine: engine, engineMilliseconds: 0)
    }
}
