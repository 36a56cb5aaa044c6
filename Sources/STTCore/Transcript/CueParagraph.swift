/// The words of a segment, and what it costs to make lines of some of them.
struct CueParagraph {
    private static let costPerLine = 4.0
    private static let unevenLines = 12.0

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
                    line == 0 ? 0 : table[line - 1][from - start - 1].cost + breaks[from] + Self.costPerLine
                guard before < .infinity else { continue }
                var end = from + 1
                while end <= tokens.count {
                    let width = width(from, end)
                    guard width <= limit || end == from + 1 else { break }
                    let free = max(0, 1 - Double(width) / Double(limit))
                    let cost = before + Self.unevenLines * free * free
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

    /// The cost of a step as that of a whole cue: of the slack only what comes from unlike lines counts, not what any
    /// lines of the same words would have.
    private func cost(_ step: Step, lines: Int, _ start: Int, _ end: Int) -> Double {
        let mean = Double(width(start, end) - (lines - 1)) / Double(lines * layout.lineCharacters)
        let free = max(0, 1 - mean)
        return max(0, step.cost - Self.unevenLines * Double(lines) * free * free)
    }

    /// What one cue of the tokens from `start` on costs, by `end - start - 1`; infinite where they do not fit.
    func costs(from start: Int) -> [Double] {
        var costs: [Double] = []
        for (line, row) in table(from: start).enumerated() {
            for (index, step) in row.enumerated() {
                if costs.count <= index { costs.append(.infinity) }
                costs[index] = min(costs[index], cost(step, lines: line + 1, start, start + index + 1))
            }
        }
        return costs
    }

    /// The lines of a cue.
    func lines(_ start: Int, _ end: Int) -> [Range<Int>] {
        let table = table(from: start)
        let index = end - start - 1
        func total(_ line: Int) -> Double { cost(table[line][index], lines: line + 1, start, end) }
        let candidates = table.indices.filter { table[$0].indices.contains(index) }
        guard var line = candidates.min(by: { total($0) < total($1) })
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
