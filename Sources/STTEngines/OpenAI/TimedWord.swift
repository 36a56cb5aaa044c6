/// A word of an answer, with times within the audio.
struct TimedWord: Sendable, Hashable {
    /// With a space before it, unless it is a token that continues a word.
    var text: String
    var startMilliseconds: Int
    var endMilliseconds: Int
    /// `nil` where the server does not tell.
    var probability: Double?

    func piece(usual: Double) -> TokenPiece {
        TokenPiece(
            text: text, startMilliseconds: startMilliseconds, endMilliseconds: endMilliseconds,
            probability: probability ?? usual)
    }

    static func milliseconds(_ seconds: Double) -> Int { Int((seconds * 1_000).rounded()) }
}

extension TimedWord {
    /// Words get a space each, unless the server's carry the spaces, as tokens do.
    static func list(
        _ words: [OpenAITranscript.Word], scale: Double, within bounds: ClosedRange<Double>
    ) -> [TimedWord] {
        let carriesSpaces = words.contains { $0.word?.first?.isWhitespace == true }
        var previousEnd = bounds.lowerBound
        return words.compactMap { word in
            guard let text = word.word, !text.isEmpty else { return nil }
            let start = min(max(word.start?.value.map { $0 * scale } ?? previousEnd, 0), bounds.upperBound)
            let end = min(max(word.end?.value.map { $0 * scale } ?? start, start), bounds.upperBound)
            previousEnd = end
            return TimedWord(
                text: carriesSpaces ? text : " " + text, startMilliseconds: milliseconds(start),
                endMilliseconds: milliseconds(end), probability: (word.probability?.value).map { min(max($0, 0), 1) })
        }
    }

    /// Each word with the index of the segment that its middle is in, else of the nearest. Linear: both are in order, and
    /// a word never goes to a segment before that of the word before it.
    static func assign(_ words: [TimedWord], to segments: [EngineSegment]) -> [(Int, TimedWord)] {
        guard !segments.isEmpty else { return [] }
        var index = 0
        return words.map { word in
            let middle = (word.startMilliseconds + word.endMilliseconds) / 2
            while index + 1 < segments.count,
                segments[index + 1].distance(to: middle) < segments[index].distance(to: middle)
                    || segments[index + 1].startMilliseconds <= middle
            {
                index += 1
            }
            return (index, word)
        }
    }
}

extension EngineSegment {
    /// 0 within it.
    fileprivate func distance(to time: Int) -> Int { max(startMilliseconds - time, time - endMilliseconds, 0) }
}
