/// Cuts segments into subtitles of a few short lines each, broken where a reader would pause.
///
/// Of all ways to fill lines and cues with a segment's words it takes the one of least cost: `BreakCost` says how bad a
/// break is between two words; lines and cues of unlike length, a short last cue, a cue that stays too long and a
/// silence inside a cue cost more. Words are never cut, unless one is longer than a line.
struct CueSplitter {
    /// A cue that stays longer is split where that is possible.
    static let longestMilliseconds = 7_000

    private static let costPerCue = 8.0
    private static let costPerLine = 6.0
    /// Breaks between cues weigh more than those between lines.
    private static let cueBreakWeight = 2.0
    private static let unevenLines = 20.0
    private static let unevenCues = 10.0
    private static let costPerSecondTooLong = 10.0
    private static let costOfShortCue = 20.0
    private static let silenceInside = 20.0
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
        let line = Paragraph(tokens, breakCost: breakCost, layout: layout, firstLine: shortest)
        let ends = cueEnds(line, of: segment)
        var start = 0
        return ends.indices.map { index in
            let end = ends[index]
            defer { start = end }
            let lines = line.lines(start, end).map { tokens[$0].joinedText }
            return SubtitleCue(
                from: start == 0 ? segment.startMilliseconds : tokens[start].startMilliseconds,
                to: end == tokens.count ? segment.endMilliseconds : tokens[end - 1].endMilliseconds,
                .text(lines: lines, channel: segment.channel))
        }
    }

    /// Where the cues end, as indices behind their last token.
    private func cueEnds(_ paragraph: Paragraph, of segment: TranscriptSegment) -> [Int] {
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

extension CueSplitter {
    /// The words of a segment, and what it costs to make lines of some of them.
    fileprivate struct Paragraph {
        let tokens: [SpokenToken]
        /// What a break before each token costs.
        let breaks: [Double]
        private let layout: SubtitleLayout
        private let firstLine: Int
        /// Width of the tokens before each one, with the spaces before them.
        private let widths: [Int]

        init(_ tokens: [SpokenToken], breakCost: BreakCost, layout: SubtitleLayout, firstLine: Int) {
            self.tokens = tokens
            self.layout = layout
            self.firstLine = firstLine
            breaks = tokens.indices.map { $0 == 0 ? 0 : breakCost.before(tokens[$0], after: tokens[$0 - 1]) }
            var widths = [0]
            for token in tokens {
                widths.append(widths[widths.count - 1] + DisplayWidth.of(token.text) + (token.followsSpace ? 1 : 0))
            }
            self.widths = widths
        }

        private func width(_ start: Int, _ end: Int) -> Int {
            widths[end] - widths[start] - (tokens[start].followsSpace ? 1 : 0)
        }

        /// How far from full a cue is, squared: least where cues are alike.
        func slack(_ start: Int, _ end: Int) -> Double {
            let capacity = Double(layout.lineCharacters * layout.lines)
            let free = max(0, 1 - Double(width(start, end)) / capacity)
            return free * free
        }

        private struct Step {
            var cost = Double.infinity
            var previous = 0
        }

        /// For each number of lines the cheapest way to fill them with the tokens from `start` to an end, by
        /// `end - start - 1`.
        private func table(from start: Int) -> [[Step]] {
            var table: [[Step]] = []
            for line in 0..<layout.lines {
                let limit = line == 0 ? firstLine : layout.lineCharacters
                var row: [Step] = []
                let starts = line == 0 ? start..<start + 1 : start + line..<start + table[line - 1].count + 1
                for from in starts where from < tokens.count {
                    let before =
                        line == 0 ? 0 : table[line - 1][from - start - 1].cost + breaks[from] + CueSplitter.costPerLine
                    guard before < .infinity else { continue }
                    var end = from + 1
                    while end <= tokens.count {
                        let width = width(from, end)
                        guard width <= limit || end == from + 1 else { break }
                        let free = max(0, 1 - Double(width) / Double(limit))
                        let cost = before + CueSplitter.unevenLines * free * free
                        let index = end - start - 1
                        while row.count <= index { row.append(Step()) }
                        if cost < row[index].cost { row[index] = Step(cost: cost, previous: from) }
                        end += 1
                    }
                }
                table.append(row)
                if row.isEmpty { break }
            }
            return table
        }

        /// One line alone costs nothing, however short it is.
        private static func cost(_ line: Int, _ step: Step) -> Double {
            line == 0 && step.cost < .infinity ? 0 : step.cost
        }

        /// What one cue of the tokens from `start` on costs, by `end - start - 1`; infinite where they do not fit.
        func costs(from start: Int) -> [Double] {
            var costs: [Double] = []
            for (line, row) in table(from: start).enumerated() {
                for (index, step) in row.enumerated() {
                    if costs.count <= index { costs.append(.infinity) }
                    costs[index] = min(costs[index], Self.cost(line, step))
                }
            }
            return costs
        }

        /// The lines of a cue.
        func lines(_ start: Int, _ end: Int) -> [Range<Int>] {
            let table = table(from: start)
            let index = end - start - 1
            let candidates = table.indices.filter { table[$0].indices.contains(index) }
            guard var line = candidates.min(by: { Self.cost($0, table[$0][index]) < Self.cost($1, table[$1][index]) })
            else { return [start..<end] }
            var lines: [Range<Int>] = []
            var end = end
            while true {
                let from = table[line][end - start - 1].previous
                lines.insert(from..<end, at: 0)
                guard line > 0 else { return lines }
                (line, end) = (line - 1, from)
            }
        }
    }
}
