import STTCore

/// A segment as both engines report it, before it is made fit for the port.
struct EngineSegment: Sendable, Hashable {
    var text: String
    var startMilliseconds: Int
    var endMilliseconds: Int
    var avgLogProbability: Double
    var noSpeechProbability: Double
    var pieces: [TokenPiece]
}

extension EngineSegment {
    /// The port's segments: one-line texts without white space at their ends, none empty, times within the audio and not
    /// running backwards.
    static func transcript(
        _ segments: [EngineSegment], request: EngineRequest, language: String?
    ) -> [TranscriptSegment] {
        let duration = request.samples.count * 1_000 / WaveFile.sampleRate
        var earliest = 0
        return segments.compactMap { segment in
            let text = cleaned(segment.text)
            guard !text.isEmpty else { return nil }
            let start = min(max(segment.startMilliseconds, earliest), duration)
            let end = min(max(segment.endMilliseconds, start), duration)
            earliest = start
            return TranscriptSegment(
                startMilliseconds: start, endMilliseconds: end, text: text,
                avgLogProbability: segment.avgLogProbability, noSpeechProbability: segment.noSpeechProbability,
                words: request.wordTimestamps ? segment.words(duration: duration, language: language) : [])
        }
    }

    private func words(duration: Int, language: String?) -> [TranscriptWord] {
        let pieces = TokenPiece.repaired(pieces, segmentText: text)
        var earliest = 0
        return WordGrouping.words(pieces, separatesWords: WhisperLanguage.separatesWords(language)).map { word in
            var word = word
            word.text = Self.cleaned(word.text)
            word.startMilliseconds = min(max(word.startMilliseconds, earliest), duration)
            word.endMilliseconds = min(max(word.endMilliseconds, word.startMilliseconds), duration)
            earliest = word.startMilliseconds
            return word
        }.filter { !$0.text.isEmpty }
    }

    /// One line. A character that was cut off at an end of the segment is dropped.
    private static func cleaned(_ text: String) -> String {
        var scalars = text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.isWhitespace ? " " : scalar
        }[...]
        let isRubbish = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\u{FFFD}" }
        while let first = scalars.first, isRubbish(first) { scalars.removeFirst() }
        while let last = scalars.last, isRubbish(last) { scalars.removeLast() }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }
}
