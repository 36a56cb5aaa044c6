/// Aligns the last words of a chunk with the first words of the next, which heard the same stretch of audio.
///
/// The best global alignment (Needleman–Wunsch) under a score that weighs how alike two words are against how far
/// apart in time they lie, so that of several equal words the right ones meet. Words outside the common stretch cost
/// nothing to leave unpaired.
struct WordAlignment {
    struct Pair: Hashable {
        var early: Int
        var late: Int
        /// 1: the same word, but for case and punctuation. 0: nothing in common.
        var similarity: Double
        var isSame: Bool { similarity == 1 }
    }

    /// In order.
    private(set) var pairs: [Pair] = []

    /// - Parameters:
    ///   - early: The end of one chunk. Only the last 256 count.
    ///   - late: The beginning of the next. Only the first 256 count.
    ///   - overlap: What both chunks heard, in milliseconds.
    init(_ early: [SpokenToken], _ late: [SpokenToken], overlap: Range<Int>) {
        let offset = max(0, early.count - Self.maximumTokens)
        let a = early[offset...].map(Entry.init)
        let b = late.prefix(Self.maximumTokens).map(Entry.init)
        let skipA = a.map { $0.centre < overlap.lowerBound ? 0 : Self.skipCost }
        let skipB = b.map { $0.centre >= overlap.upperBound ? 0 : Self.skipCost }

        let width = b.count + 1
        var scores = [Double](repeating: 0, count: (a.count + 1) * width)
        var moves = [Move](repeating: .stop, count: scores.count)
        for j in b.indices {
            scores[j + 1] = scores[j] - skipB[j]
            moves[j + 1] = .skipLate
        }
        for i in a.indices {
            scores[(i + 1) * width] = scores[i * width] - skipA[i]
            moves[(i + 1) * width] = .skipEarly
            for j in b.indices {
                let cell = (i + 1) * width + j + 1
                var best = (score: scores[cell - width] - skipA[i], move: Move.skipEarly)
                let skip = scores[cell - 1] - skipB[j]
                if skip > best.score { best = (skip, .skipLate) }
                if let value = Self.value(a[i], b[j]) {
                    let paired = scores[cell - width - 1] + value
                    if paired > best.score { best = (paired, .pair) }
                }
                scores[cell] = best.score
                moves[cell] = best.move
            }
        }

        var (i, j) = (a.count, b.count)
        while i > 0 || j > 0 {
            switch moves[i * width + j] {
            case .skipEarly: i -= 1
            case .skipLate: j -= 1
            case .pair:
                i -= 1
                j -= 1
                let similarity = Self.similarity(a[i].key, b[j].key)
                pairs.append(Pair(early: offset + i, late: j, similarity: similarity))
            case .stop: (i, j) = (0, 0)
            }
        }
        pairs.reverse()
    }

    private struct Entry {
        var key: [Character]
        var centre: Int

        init(_ token: SpokenToken) {
            key = Array(token.key)
            centre = token.centre
        }
    }

    private enum Move: UInt8 {
        case stop, skipEarly, skipLate, pair
    }

    private static let maximumTokens = 256
    private static let skipCost = 0.25
    /// Two times of one word never lie farther apart, in milliseconds.
    private static let maximumDistance = 2_000

    /// What pairing two words is worth. `nil` where they cannot be one.
    private static func value(_ a: Entry, _ b: Entry) -> Double? {
        let distance = abs(a.centre - b.centre)
        guard distance <= maximumDistance else { return nil }
        let seconds = Double(distance) / 1000
        // Full weight to small distances; bounded, since an engine's word times are off by a second at times and a
        // run of equal words is still one.
        let penalty = min(4 * seconds * seconds, 0.75)
        let similarity = similarity(a.key, b.key)
        if similarity == 1 { return (a.key.isEmpty ? 0.2 : 1) - penalty }
        if similarity >= 0.5 { return 0.5 * similarity - penalty }
        return -0.15 - 0.5 * penalty
    }

    /// 1 for equal words; below 0.8 for others, by edit distance or by one being the start or the end of the other, as
    /// a word that was cut in two is.
    private static func similarity(_ a: [Character], _ b: [Character]) -> Double {
        if a == b { return 1 }
        let (short, long) = a.count < b.count ? (a, b) : (b, a)
        guard !short.isEmpty else { return 0 }
        if short.count >= 2, long.starts(with: short) || long.reversed().starts(with: short.reversed()) { return 0.75 }
        guard long.count <= 64 else { return 0 }
        var row = Array(0...short.count)
        for (i, character) in long.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in short.enumerated() {
                let substitution = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, diagonal + 1, row[j] + 1)
            }
        }
        return min(0.75, 1 - Double(row[short.count]) / Double(long.count))
    }
}
