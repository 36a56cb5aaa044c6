/// Which reference word each recognised word is, where they are the same.
enum WordAlignment {
    /// Pairs of positions, in order, of the alignment with the fewest errors.
    static func matches(_ reference: [String], _ recognised: [String]) -> [(reference: Int, recognised: Int)] {
        let width = recognised.count + 1
        var costs = [Int32](repeating: 0, count: (reference.count + 1) * width)
        for column in 0..<width { costs[column] = Int32(column) }
        for row in 1...max(reference.count, 1) where row <= reference.count {
            costs[row * width] = Int32(row)
            for column in 1..<max(width, 1) {
                let isSame = reference[row - 1] == recognised[column - 1]
                let diagonal = costs[(row - 1) * width + column - 1] + (isSame ? 0 : 1)
                let gap = min(costs[(row - 1) * width + column], costs[row * width + column - 1]) + 1
                costs[row * width + column] = min(diagonal, gap)
            }
        }
        var pairs: [(reference: Int, recognised: Int)] = []
        var (row, column) = (reference.count, recognised.count)
        while row > 0, column > 0 {
            let here = costs[row * width + column]
            let isSame = reference[row - 1] == recognised[column - 1]
            if costs[(row - 1) * width + column - 1] + (isSame ? 0 : 1) == here {
                if isSame { pairs.append((row - 1, column - 1)) }
                (row, column) = (row - 1, column - 1)
            } else if costs[(row - 1) * width + column] + 1 == here {
                row -= 1
            } else {
                column -= 1
            }
        }
        return pairs.reversed()
    }
}
