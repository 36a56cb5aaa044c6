/// Cuts segments into subtitles of a few short lines each, broken where a reader would pause.
///
/// Of all ways to fill lines and cues with a segment's words it takes the one of least cost: `BreakCost` says how bad a
/// break is between two words; lines and cues of unlike length, a short last cue, a cue that stays too long and a
/// silence inside a cue cost more. Words are never cut, unless one is longer than a line.
struct CueSplitter {
    /// A cue that stays longer is split where that is possible.
    static let longestMilliseconds = 7_000

    private static let costPerCue = 8.0
    /// Breaks between cues weigh more than those between lines.
    private static let cueBreakWeight = 4.0
    private static let unevenCues = 10.0
    private static let costPerSecondTooLong = 10.0
    private static let costOfShortCue = 20.0
    private static let silenceInside = 40.0
    private static let longSilence = 1_500

    let layout: SubtitleLayout
    let breakCost: BreakCost

    init(layout: SubtitleLayout, language: String?) {
        self.layout = layout
        breakCost = BreakCost(words: .of(language))
    }

    /// The segment as cues, with the times of its words or, without those, by the length of the text.
    ///
    /// - Parameter labelWidth: Left free in the first line of each cue.
    func cues(of segment: TranscriptSegment, labelWidth: Int = 0) -> [SubtitleCue] {
        let shortest = max(1, layout.lineCharacters - labelWidth)
        let tokens = Self.glued(segment.tokens).flatMap { Self.pieces(of: $0, width: shortest) }
        guard !tokens.isEmpty else { return [] }
        let paragraph = CueParagraph(tokens, breakCost: breakCost, layout: layout, firstLine: shortest)
        let ends = cueEnds(paragraph, of: segment)
        var start = 0
        return ends.indices.map { index in
            let end = ends[index]
            defer { start = end }
            let lines = paragraph.lines(start, end).map { tokens[$0].joinedText }
            return SubtitleCue(
                from: start == 0 ? segment.startMilliseconds : tokens[start].startMilliseconds,
                to: end == tokens.count ? segment.endMilliseconds : tokens[end - 1].endMilliseconds,
                .text(lines: lines, channel: segment.channel))
        }
    }

    /// Where the cues end, as indices behind their last token.
    private func cueEnds(_ paragraph: CueParagraph, of segment: TranscriptSegment) -> [Int] {
        let tokens = paragraph.tokens
        var best = [Double](repeating: .infinity, count: tokens.count + 1)
        var previous = [Int](repeating: 0, count: tokens.count + 1)
        best[0] = 0
        var silences = [0.0]
        for index in tokens.indices {
            let pause = index == 0 ? 0 : tokens[index].startMilliseconds - tokens[index - 1].endMilliseconds
            silences.append(silences[index] + (pause > Self.longSilence ? Self.silenceInside : 0))
        }
        for start in tokens.indices {
            let before = best[start] + (start == 0 ? 0 : Self.cueBreakWeight * paragraph.breaks[start])
            let from = start == 0 ? segment.startMilliseconds : tokens[start].startMilliseconds
            for (offset, lines) in paragraph.costs(from: start).enumerated() where lines < .infinity {
                let end = start + offset + 1
                let to = end == tokens.count ? segment.endMilliseconds : tokens[end - 1].endMilliseconds
                let isWhole = start == 0 && end == tokens.count
                let cost =
                    before + lines + Self.costPerCue + Self.durationCost(to - from, isWhole: isWhole)
                    + Self.unevenCues * paragraph.slack(start, end) + silences[end] - silences[start + 1]
                if cost < best[end] { (best[end], previous[end]) = (cost, start) }
            }
        }
        var ends: [Int] = []
        var end = tokens.count
        while end > 0 {
            ends.append(end)
            end = previous[end]
        }
        return ends.reversed()
    }

    private static func durationCost(_ milliseconds: Int, isWhole: Bool) -> Double {
        let seconds = Double(milliseconds) / 1000
        let excess = Double(milliseconds - longestMilliseconds) / 1000
        if excess > 0 { return 30 + costPerSecondTooLong * excess }
        return isWhole || seconds >= 1 ? 0 : costOfShortCue * (1 - seconds)
    }

    /// Makes one token of those that belong to one word.
    private static func glued(_ tokens: [SpokenToken]) -> [SpokenToken] {
        var result: [SpokenToken] = []
        for token in tokens {
            guard var last = result.last, !token.followsSpace, let end = last.text.unicodeScalars.last,
                let start = token.text.unicodeScalars.first, !SpokenToken.isSpaceless(end),
                !SpokenToken.isSpaceless(start)
            else {
                result.append(token)
                continue
            }
            last.text += token.text
            last.endMilliseconds = token.endMilliseconds
            result[result.count - 1] = last
        }
        return result
    }

    /// Cuts a token that is wider than a line.
    private static func pieces(of token: SpokenToken, width: Int) -> [SpokenToken] {
        let total = DisplayWidth.of(token.text)
        guard total > width else { return [token] }
        let duration = token.endMilliseconds - token.startMilliseconds
        var pieces: [SpokenToken] = []
        var text = ""
        var (before, filled) = (0, 0)
        func time(_ width: Int) -> Int { token.startMilliseconds + duration * width / total }
        func close() {
            pieces.append(
                SpokenToken(
                    text: text, startMilliseconds: time(before), endMilliseconds: time(before + filled),
                    probability: token.probability, followsSpace: pieces.isEmpty && token.followsSpace))
            (text, before, filled) = ("", before + filled, 0)
        }
        for character in token.text {
            let added = DisplayWidth.of(character)
            if filled + added > width, !text.isEmpty { close() }
            text.append(character)
            filled += added
        }
        close()
        return pieces
    }
}
