import STTCore

/// Where whisper.cpp went on in a new window.
///
/// It starts each window where the last segment of the one before ended. Where that lies inside a word, both windows
/// hear the word, and both write it: "he might have" and "have been made".
enum WindowJoint {
    /// A step of Whisper's time stamps, in milliseconds.
    private static let tolerance = 20

    /// Takes a window's first word away where it is the one that the window before broke off at.
    static func withoutWordsWrittenTwice(_ segments: [EngineSegment]) -> [EngineSegment] {
        var result: [EngineSegment] = []
        for var segment in segments {
            if let before = result.last, isJoint(before, segment), let word = before.brokenOffWord,
                word == segment.firstWord
            {
                segment.removeFirstWord()
            }
            result.append(segment)
        }
        return result
    }

    /// The probability that nobody speaks is a window's, so a different one is another window's.
    private static func isJoint(_ before: EngineSegment, _ after: EngineSegment) -> Bool {
        before.noSpeechProbability != after.noSpeechProbability
            && abs(after.startMilliseconds - before.endMilliseconds) <= tolerance
    }
}

extension EngineSegment {
    /// The last word; `nil` where a mark follows it: what ends in a pause is not broken off ("I do." and "Do you?").
    fileprivate var brokenOffWord: String? {
        guard let last = text.last(where: { !$0.isWhitespace }), last.isLetter || last.isNumber else { return nil }
        return text.split(whereSeparator: \.isWhitespace).last.flatMap(Self.key)
    }

    fileprivate var firstWord: String? { text.split(whereSeparator: \.isWhitespace).first.flatMap(Self.key) }

    private static func key(of word: Substring) -> String? { RepetitionFinder.words(of: String(word)).first }

    fileprivate mutating func removeFirstWord() {
        text = String(text.drop(while: \.isWhitespace).drop { !$0.isWhitespace })
        let second = pieces.indices.dropFirst().first { pieces[$0].text.first?.isWhitespace == true }
        pieces.removeSubrange(..<(second ?? pieces.endIndex))
        startMilliseconds = pieces.first?.startMilliseconds ?? startMilliseconds
    }
}
