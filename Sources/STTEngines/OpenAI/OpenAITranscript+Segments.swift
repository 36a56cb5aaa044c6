import STTCore

extension OpenAITranscript {
    /// Further beyond the audio's end than this no time can be an engine's inexactness.
    private static let toleratedSeconds = 60.0
    /// No recording has a time like this in seconds; LocalAI has written nanoseconds.
    private static let leastNanoseconds = 1e6

    /// Segments with times in milliseconds within the audio, in the server's order. What the server leaves out is filled:
    /// a start by the end before it, an end by the start after it.
    ///
    /// - Throws: ``EngineError`` with code `invalidOutput` where the times are those of another recording.
    func engineSegments(for request: EngineRequest) throws(EngineError) -> [EngineSegment] {
        let duration = Double(request.samples.count) / Double(WaveFile.sampleRate)
        let scale = try timeScale(duration: duration)
        let words = TimedWord.list(words ?? [], scale: scale, within: 0...duration)
        guard let given = segments, given.contains(where: { $0.text?.trimmingSpaces().isEmpty == false }) else {
            return wholeText(words, duration: duration)
        }
        let starts = given.map { $0.start?.value.map { min(max($0 * scale, 0), duration) } }
        var result: [EngineSegment] = []
        var previousEnd = 0.0
        for (index, segment) in given.enumerated() {
            let start = starts[index] ?? previousEnd
            let usualEnd = starts[(index + 1)...].lazy.compactMap { $0 }.first ?? duration
            let end = min(max(segment.end?.value.map { $0 * scale } ?? usualEnd, start), duration)
            previousEnd = end
            let own = TimedWord.list(segment.words ?? [], scale: scale, within: start...end)
            result.append(
                EngineSegment(
                    text: segment.text ?? "", startMilliseconds: TimedWord.milliseconds(start),
                    endMilliseconds: TimedWord.milliseconds(end), avgLogProbability: segment.meanLogProbability ?? 0,
                    noSpeechProbability: segment.silenceProbability,
                    pieces: own.map { $0.piece(usual: segment.meanProbability) }))
        }
        if result.allSatisfy(\.pieces.isEmpty) {
            for (index, word) in TimedWord.assign(words, to: result) {
                result[index].pieces.append(word.piece(usual: given[index].meanProbability))
            }
        }
        return result
    }

    /// Of an answer without segments: all of it as one.
    private func wholeText(_ words: [TimedWord], duration: Double) -> [EngineSegment] {
        guard let text, !text.trimmingSpaces().isEmpty else { return [] }
        let start = words.map(\.startMilliseconds).min() ?? 0
        let end = words.map(\.endMilliseconds).max() ?? TimedWord.milliseconds(duration)
        return [
            EngineSegment(
                text: text, startMilliseconds: start, endMilliseconds: end, avgLogProbability: 0,
                noSpeechProbability: 0, pieces: words.map { $0.piece(usual: 1) })
        ]
    }

    /// 1, or a billionth where the times are in nanoseconds.
    private func timeScale(duration: Double) throws(EngineError) -> Double {
        let segmentTimes = (segments ?? []).flatMap { [$0.start?.value, $0.end?.value] }
        let wordTimes = (words ?? []).flatMap { [$0.start?.value, $0.end?.value] }
        let last = (segmentTimes + wordTimes).compactMap { $0 }.max() ?? 0
        let scale = last >= Self.leastNanoseconds ? 1e-9 : 1
        guard last * scale <= duration + Self.toleratedSeconds else {
            let (end, length) = (Int(min(last * scale, 1e15).rounded()), Int(duration.rounded(.up)))
            throw EngineError(
                .invalidOutput,
                "the transcription server's answer has times up to \(end) s for audio of \(length) s")
        }
        return scale
    }
}
