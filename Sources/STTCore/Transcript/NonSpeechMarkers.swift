/// What Whisper writes for sound that is not speech: "[BLANK_AUDIO]", "[MUSIC]", "(wind blowing)", "*sighs*", "♪♪".
///
/// The decision: a segment that consists of nothing but such marks has no words and is dropped from the transcript,
/// and so is one of nothing but dots, dashes and opening brackets, which Whisper writes for silence. Inside a segment with words marks
/// stay as they are, and so do words between notes ("♪ happy birthday ♪"). Whisper does not put speech as a whole
/// into brackets; the limit on their length keeps a long passage all the same.
public enum NonSpeechMarkers {
    /// Whether the text holds no words but only marks. True for an empty text.
    public static func isOnlyMarkers(_ text: String) -> Bool {
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if let close = closing(scalar) {
                let group = rest.prefix(longestGroup + 1)
                if let end = group.firstIndex(of: close) {
                    rest = rest[rest.index(after: end)...]
                } else if rest.contains(where: SpokenToken.isCore) {
                    return false
                }
            } else if !isFiller(scalar) {
                return false
            }
        }
        return true
    }

    private static let longestGroup = 60

    private static func closing(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar {
        case "[": "]"
        case "(": ")"
        case "{": "}"
        case "<": ">"
        case "*": "*"
        case "（": "）"
        case "【": "】"
        case "［": "］"
        default: nil
        }
    }

    private static func isFiller(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "♩", "♪", "♫", "♬", "🎵", "🎶", "\u{FE0E}", "\u{FE0F}": true
        default: scalar.properties.isWhitespace || isPunctuation(scalar)
        }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .dashPunctuation, .otherPunctuation, .connectorPunctuation, .initialPunctuation, .finalPunctuation: true
        default: false
        }
    }
}
