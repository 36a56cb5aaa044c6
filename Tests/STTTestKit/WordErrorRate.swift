/// How far a transcript is from a reference: substitutions, deletions and insertions per reference word.
public struct WordErrorRate: Sendable, Hashable {
    public var substitutions: Int
    /// Reference words that are missing.
    public var deletions: Int
    /// Words that are not in the reference.
    public var insertions: Int
    public var referenceWords: Int

    public var errors: Int { substitutions + deletions + insertions }
    /// 0 for a perfect transcript; may exceed 1. Without reference words: 0, or 1 where there are insertions.
    public var rate: Double {
        referenceWords == 0 ? (insertions == 0 ? 0 : 1) : Double(errors) / Double(referenceWords)
    }

    /// Aligns the normalised texts at least cost. O(reference × hypothesis) time, O(hypothesis) memory.
    public init(reference: String, hypothesis: String) {
        self.init(
            reference: EnglishNormaliser.words(of: reference), hypothesis: EnglishNormaliser.words(of: hypothesis))
    }

    public init(reference: [String], hypothesis: [String]) {
        var row = (0...hypothesis.count).map { Cost(insertions: $0) }
        for (i, expected) in reference.enumerated() {
            var diagonal = row[0]
            row[0] = Cost(deletions: i + 1)
            for (j, found) in hypothesis.enumerated() {
                var best = diagonal
                if expected != found { best.substitutions += 1 }
                var deletion = row[j + 1]
                deletion.deletions += 1
                var insertion = row[j]
                insertion.insertions += 1
                if deletion.total < best.total { best = deletion }
                if insertion.total < best.total { best = insertion }
                diagonal = row[j + 1]
                row[j + 1] = best
            }
        }
        let cost = row[hypothesis.count]
        substitutions = cost.substitutions
        deletions = cost.deletions
        insertions = cost.insertions
        referenceWords = reference.count
    }

    private struct Cost {
        var substitutions = 0
        var deletions = 0
        var insertions = 0
        var total: Int { substitutions + deletions + insertions }
    }
}

extension WordErrorRate: CustomStringConvertible {
    public var description: String {
        let tenths = Int((rate * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) % (\(substitutions) substituted, \(deletions) missing, "
            + "\(insertions) too many of \(referenceWords))"
    }
}
