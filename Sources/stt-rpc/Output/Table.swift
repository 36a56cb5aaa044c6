/// Rows under a header, in columns as wide as they need to be.
struct Table {
    enum Alignment { case left, right }

    var columns: [(title: String, alignment: Alignment)]
    var rows: [[String]] = []

    /// - Parameter bold: Makes the header bold.
    func lines(bold: (String) -> String = { $0 }) -> [String] {
        let titles = columns.map(\.title)
        let widths = titles.indices.map { column in
            ([titles] + rows).map { $0[column].count }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            var line = cells.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - cells[column].count)
                return columns[column].alignment == .left ? cells[column] + padding : padding + cells[column]
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        return [bold(line(titles))] + rows.map(line)
    }

    /// One row a line, tabs between the cells, no header: for other programs.
    var plainLines: [String] {
        rows.map { row in
            row.map { cell in String(cell.map { $0 == "\t" || $0.isNewline ? " " : $0 }) }.joined(separator: "\t")
        }
    }
}
