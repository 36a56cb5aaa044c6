import Logging
import STTCore

/// Runs the engine on one channel of a stretch of audio, again with its full window where the fitted one did not do,
/// and again at higher temperatures where it was caught in a loop.
struct EngineAttempts: Sendable {
    let claim: ClaimedChunk
    let engine: SlotEngine
    let configuration: WorkerConfiguration
    let runTimes: EngineRunTimes
    let language: String?
    var qualityGuard = QualityGuard()
    var fittedRule = FittedRule()
    let logger: Logger

    /// Words that halves must hold more than the whole to be kept in its place.
    private static let leastGain = 3

    /// One channel to be transcribed.
    struct Stretch {
        /// With one channel.
        var audio: ChunkAudio
        /// Of the audio, from 0.
        var levels: AudioLevels
        /// Text of the chunk before.
        var carriedText: String?

        var samples: [Int16] { audio.channels.first ?? [] }
        var map: SpliceMap { SpliceMap(audio.pieces) }

        var halves: [Stretch] {
            audio.halves.enumerated().map { index, half in
                Stretch(
                    audio: half, levels: AudioLevels(half.channels.first ?? [], startMilliseconds: 0),
                    carriedText: index == 0 ? carriedText : nil)
            }
        }
    }

    /// Times are the recording's.
    struct Outcome {
        var segments: [TranscriptSegment]
        var language: String?
        var notes: [GuardNote]
        var engineTime: Duration
    }

    private struct Try {
        var verdict: QualityGuard.Verdict
        var language: String?
    }

    /// - Parameter mayHalve: Run the halves on their own where speech is missing from the whole.
    func run(_ stretch: Stretch, mayHalve: Bool = true) async throws -> Outcome {
        let first = claim.options.temperature
        var outcome = Outcome(segments: [], language: nil, notes: [], engineTime: .zero)
        let audio = Duration.milliseconds(stretch.levels.milliseconds.count)
        let window = configuration.decoding.window(audio: audio, attempt: claim.chunk.attempts)
        var best = try await attempt(stretch, temperature: first, window: window, &outcome)
        if window == .fitted, let doubt = fittedRule.doubt(best.verdict, samples: stretch.samples) {
            note(.retriedFullWindow, doubt.reason, stretch, &outcome)
            let full = try await attempt(stretch, temperature: first, window: .full, &outcome)
            let isWorse = doubt.isMissingSpeech && full.verdict.wordCount < best.verdict.wordCount
            if !isWorse || full.verdict.retry == nil && best.verdict.retry != nil { best = full }
        }
        for temperature in [0.4, 0.8] where temperature > first {
            guard let retry = best.verdict.retry else { break }
            note(.retriedTemperature, "\(temperature) after \(retry.words)", stretch, &outcome)
            // A loop may have come from the text that was carried.
            var fresh = stretch
            fresh.carriedText = nil
            let next = try await attempt(fresh, temperature: temperature, window: .full, &outcome)
            if next.verdict.retry == nil || next.verdict.compressionRatio < best.verdict.compressionRatio {
                best = next
            }
        }
        settle(best, stretch, &outcome)
        if mayHalve, configuration.decoding.reruns,
            let doubt = fittedRule.doubt(best.verdict, samples: stretch.samples), doubt.isMissingSpeech
        {
            try await tryHalves(of: stretch, because: doubt.reason, wordCount: best.verdict.wordCount, &outcome)
        }
        return outcome
    }

    /// Whisper at times writes a few words and skips what follows in its window; a cut elsewhere brings the rest to light.
    private func tryHalves(
        of stretch: Stretch, because reason: String, wordCount: Int, _ outcome: inout Outcome
    ) async throws {
        let halves = stretch.halves
        guard halves.count > 1 else { return }
        var parts: [Outcome] = []
        for half in halves { parts.append(try await run(half, mayHalve: false)) }
        outcome.engineTime += parts.reduce(.zero) { $0 + $1.engineTime }
        let segments = parts.flatMap(\.segments)
        let found = RepetitionFinder.words(of: segments.map(\.text).joined(separator: " ")).count
        guard found >= wordCount + Self.leastGain else { return }
        note(.retriedHalves, "\(reason): \(found) words where there were \(wordCount)", stretch, &outcome)
        outcome.segments = segments
        outcome.notes += parts.flatMap(\.notes)
        outcome.language = parts.lazy.compactMap(\.language).first ?? outcome.language
    }

    private func attempt(
        _ stretch: Stretch, temperature: Double, window: EngineWindow, _ outcome: inout Outcome
    ) async throws -> Try {
        let result = try await engine.transcribe(request(stretch, temperature: temperature, window: window))
        runTimes.record(result.elapsed, window: window)
        outcome.engineTime += result.elapsed
        let segments = result.segments.map { $0.within(stretch.levels.milliseconds) }
        let verdict = qualityGuard.judge(segments, levels: stretch.levels)
        return Try(verdict: verdict, language: result.language)
    }

    private func request(_ stretch: Stretch, temperature: Double, window: EngineWindow) -> EngineRequest {
        let prompt = [claim.options.prompt, stretch.carriedText].compactMap(\.self).filter { !$0.isEmpty }
        return EngineRequest(
            samples: stretch.samples, language: language, translate: claim.options.translate,
            prompt: prompt.isEmpty ? nil : prompt.joined(separator: " "), temperature: temperature,
            wordTimestamps: keepsWords || stretch.map.isSpliced, window: window, model: claim.options.model,
            timeLimit: configuration.engineTimeLimit.limit(
                audio: .milliseconds(stretch.samples.count * 1000 / ChunkSpan.sampleRate),
                slowest: runTimes.slowest(window), attempt: claim.chunk.attempts))
    }

    /// Whether the words' times are part of the result: they were asked for, or joining the chunk to the next needs them.
    private var keepsWords: Bool {
        claim.options.wordTimestamps || claim.chunk.span.endsInForcedCut || claim.chunk.span.leadInSamples > 0
    }

    private func settle(_ best: Try, _ stretch: Stretch, _ outcome: inout Outcome) {
        var segments = best.verdict.kept
        if best.verdict.retry != nil {
            note(.collapsedLoop, segments.map(\.text).joined(separator: " "), stretch, &outcome)
            segments = qualityGuard.collapsingLoops(segments)
        }
        outcome.segments = SegmentPlacement(map: stretch.map, levels: stretch.levels).recording(segments)
        if !keepsWords {
            for index in outcome.segments.indices { outcome.segments[index].words = [] }
        }
        // What nobody said has no language.
        let isSpeech = segments.contains(where: \.flags.isEmpty)
        outcome.language = isSpeech ? best.language : nil
        for dropped in best.verdict.dropped {
            let segment = dropped.segment
            let end = max(segment.startMilliseconds, segment.endMilliseconds)
            let range = stretch.map.recording(segment.startMilliseconds..<end)
            outcome.notes.append(GuardNote(dropped.reason.noteKind, in: range, segment.text))
        }
    }

    private func note(_ kind: GuardNote.Kind, _ detail: String, _ stretch: Stretch, _ outcome: inout Outcome) {
        outcome.notes.append(GuardNote(kind, in: stretch.map.extent, detail))
        logger.debug("quality guard", metadata: ["guard": "\(kind.rawValue)"])
    }
}

extension QualityGuard.Verdict {
    fileprivate var wordCount: Int { RepetitionFinder.words(of: kept.map(\.text).joined(separator: " ")).count }
}

extension TranscriptSegment {
    /// With its own times inside the audio, whatever the engine answered.
    fileprivate func within(_ audio: Range<Int>) -> TranscriptSegment {
        var segment = self
        segment.startMilliseconds = min(max(startMilliseconds, audio.lowerBound), audio.upperBound)
        segment.endMilliseconds = min(max(endMilliseconds, segment.startMilliseconds), audio.upperBound)
        return segment
    }
}

extension QualityGuard.DropReason {
    fileprivate var noteKind: GuardNote.Kind {
        switch self {
        case .noSpeech, .marker: .droppedNoSpeech
        case .silentAudio: .droppedSilentAudio
        }
    }
}

extension QualityGuard.RetryReason {
    fileprivate var words: String {
        switch self {
        case .repetition(let loop): "\(loop.length) words \(loop.count) times"
        case .repeatedSegments(let count): "one line \(count) times"
        case .compression(let ratio): "compression \(Double(Int(ratio * 100)) / 100)"
        }
    }
}
