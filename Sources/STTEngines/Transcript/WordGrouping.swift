import STTCore

/// Puts an engine's tokens together into words.
///
/// Whisper's tokens carry the space before a word; what has none continues the word before it, as punctuation does.
/// A word's probability is the mean of its tokens', as in OpenAI's Whisper.
enum WordGrouping {
    static func words(_ pieces: [TokenPiece], separatesWords: Bool) -> [TranscriptWord] {
        var words: [TranscriptWord] = []
        var group: [TokenPiece] = []
        for piece in pieces where !piece.text.isEmpty {
            let continues = separatesWords ? piece.text.first?.isWhitespace == false : piece.text.isOnlyPunctuation
            if !continues { flush(&group, into: &words) }
            group.append(piece)
        }
        flush(&group, into: &words)
        return words
    }

    private static func flush(_ group: inout [TokenPiece], into words: inout [TranscriptWord]) {
        guard let first = group.first else { return }
        let text = group.map(\.text).joined().trimmingSpaces()
        let probability = group.reduce(0) { $0 + $1.probability } / Double(group.count)
        let end = group.reduce(first.startMilliseconds) { max($0, $1.endMilliseconds) }
        group = []
        guard !text.isEmpty else { return }
        words.append(
            TranscriptWord(
                startMilliseconds: first.startMilliseconds, endMilliseconds: end, text: text, probability: probability))
    }
}

extension String {
    fileprivate var isOnlyPunctuation: Bool { allSatisfy { $0.isPunctuation || $0.isSymbol } }
}
