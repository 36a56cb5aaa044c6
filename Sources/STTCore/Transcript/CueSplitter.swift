/// Cuts segments into subtitles: at most two lines of 42 characters, never overlapping, each of positive duration.
struct CueSplitter {
    struct Cue: Hashable {
        var startMilliseconds: Int
        var endMilliseconds: Int
        var lines: [String]
    }

    static let lineLength = 42

    /// No cue may begin before.
    private var usedUntil = 0

    /// Splits where the lines are full, at the times of the words or, without those, by the length of the text.
    mutating func cues(of segment: TranscriptSegment) -> [Cue] {
        let lines = Self.lines(of: segment.tokens.flatMap(Self.pieces))
        return stride(from: 0, to: lines.count, by: 2).map { index in
            let pair = lines[index..<min(index + 2, lines.count)]
            let tokens = pair.flatMap(\.self)
            let isFirst = index == 0
            let isLast = index + 2 >= lines.count
            return place(
                from: isFirst ? segment.startMilliseconds : tokens.first?.startMilliseconds ?? 0,
                to: isLast ? segment.endMilliseconds : tokens.last?.endMilliseconds ?? 0,
                pair.count == 2 ? Self.balanced(tokens) : pair.map(\.joinedText))
        }
    }

    mutating func cue(of gap: TranscriptGap, line: String) -> Cue {
        place(from: gap.startMilliseconds, to: gap.endMilliseconds, [line])
    }

    private mutating func place(from start: Int, to end: Int, _ lines: [String]) -> Cue {
        let start = max(start, usedUntil)
        let end = max(end, start + 1)
        usedUntil = end
        return Cue(startMilliseconds: start, endMilliseconds: end, lines: lines)
    }

    private static func lines(of tokens: [SpokenToken]) -> [[SpokenToken]] {
        var lines: [[SpokenToken]] = []
        var length = 0
        for token in tokens {
            let added = token.text.count + (token.followsSpace ? 1 : 0)
            if let last = lines.indices.last, length + added <= lineLength {
                lines[last].append(token)
                length += added
            } else {
                lines.append([token])
                length = token.text.count
            }
        }
        return lines
    }

    /// Two lines as equal as the words allow.
    private static func balanced(_ tokens: [SpokenToken]) -> [String] {
        let splits = (1..<tokens.count).map { [tokens[..<$0].joinedText, tokens[$0...].joinedText] }
        func longest(_ lines: [String]) -> Int { lines.map(\.count).max() ?? 0 }
        return splits.min { longest($0) < longest($1) } ?? [tokens.joinedText]
    }

    /// Cuts a token that is longer than a line.
    private static func pieces(of token: SpokenToken) -> [SpokenToken] {
        let count = token.text.count
        guard count > lineLength else { return [token] }
        let duration = token.endMilliseconds - token.startMilliseconds
        let characters = Array(token.text)
        return stride(from: 0, to: count, by: lineLength).map { start in
            let end = min(start + lineLength, count)
            return SpokenToken(
                text: String(characters[start..<end]),
                startMilliseconds: token.startMilliseconds + duration * start / count,
                endMilliseconds: token.startMilliseconds + duration * end / count, probability: token.probability,
                followsSpace: start == 0 && token.followsSpace)
        }
    }
}
