extension AudioLevels {
    /// In either direction: what comes over from one channel to another comes late.
    private static let greatestLag = 8

    /// How alike two levels move, from −1 to 1: the greatest correlation of their root mean squares where one may come
    /// up to 0.16 s later. Two people who speak by turns are near 0 or below. O(n).
    public func likeness(to other: AudioLevels) -> Double {
        let mine = powers.map { $0.squareRoot() }
        let theirs = other.powers.map { $0.squareRoot() }
        let lags = -Self.greatestLag...Self.greatestLag
        return lags.map { lag in
            lag >= 0
                ? Self.correlation(mine.dropFirst(lag), theirs[...])
                : Self.correlation(mine[...], theirs.dropFirst(-lag))
        }.max() ?? 0
    }

    private static func correlation(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        let count = Double(min(a.count, b.count))
        guard count > 1 else { return 0 }
        var (sumA, sumB, squareA, squareB, product) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            sumA += x
            sumB += y
            squareA += x * x
            squareB += y * y
            product += x * y
        }
        let variance = (squareA - sumA * sumA / count) * (squareB - sumB * sumB / count)
        return variance > 0 ? (product - sumA * sumB / count) / variance.squareRoot() : 0
    }
}
