/// Joins the held-back end of a chunk to the next chunk where both transcribed the same stretch of audio.
///
/// The joint is a word that both have, away from both cuts if there is one: up to it the earlier chunk is right, whose
/// context lies before, and after it the later one. So a word cut in two at an edge is taken from the chunk that heard
/// all of it, and no word is repeated or lost. Where no word is common, times decide.
struct OverlapJoint {
    /// What both chunks heard, in milliseconds.
    let overlap: Range<Int>

    func join(_ early: [TranscriptSegment], _ late: [TranscriptSegment]) -> [TranscriptSegment] {
        guard !early.isEmpty else { return late }
        guard !late.isEmpty else { return early }
        let a = TokenList(early)
        let b = TokenList(late)
        let cut = cut(a.tokens, b.tokens)
        return Self.splice(a.prefix(cut), b.suffix(cut))
    }

    private struct Cut {
        /// How many tokens stay of the earlier chunk, and how many go of the later one.
        var kept: Int
        var dropped: Int
        /// Replaces the last kept token.
        var replacement: SpokenToken?
    }

    private func cut(_ a: [SpokenToken], _ b: [SpokenToken]) -> Cut {
        let pairs = WordAlignment(a, b, overlap: overlap).pairs
        let middle = (overlap.lowerBound + overlap.upperBound) / 2
        func distance(_ pair: WordAlignment.Pair) -> Int {
            abs((a[pair.early].centre + b[pair.late].centre) / 2 - middle)
        }

        let same = pairs.indices.filter { pairs[$0].isSame && !a[pairs[$0].early].key.isEmpty }
        if let best = same.min(by: { x, y in
            let (runX, runY) = (Self.run(at: x, in: pairs), Self.run(at: y, in: pairs))
            return runX != runY ? runX > runY : distance(pairs[x]) < distance(pairs[y])
        }) {
            let pair = pairs[best]
            return Cut(
                kept: pair.early + 1, dropped: pair.late + 1,
                replacement: Self.united(a[pair.early], b[pair.late]))
        }
        let alike = pairs.filter { $0.similarity >= 0.5 }
        if let pair = alike.min(by: { distance($0) < distance($1) }) {
            // The chunk that has more audio around the word heard it better.
            let (early, late) = (a[pair.early], b[pair.late])
            let earlyIsBetter =
                overlap.upperBound - early.endMilliseconds >= late.startMilliseconds - overlap.lowerBound
            return Cut(kept: pair.early + 1, dropped: pair.late + 1, replacement: earlyIsBetter ? early : late)
        }
        return cutByTime(a, b, at: middle)
    }

    /// Without a common word: each side up to the middle, and beyond it where the other side has no word at that time.
    private func cutByTime(_ a: [SpokenToken], _ b: [SpokenToken], at middle: Int) -> Cut {
        var kept = a.firstIndex { $0.centre >= middle } ?? a.count
        var dropped = b.firstIndex { $0.centre >= middle } ?? b.count
        let keptUntil = kept > 0 ? a[kept - 1].endMilliseconds : overlap.lowerBound
        while dropped > 0, b[dropped - 1].centre >= keptUntil { dropped -= 1 }
        let goesOnAt = dropped < b.count ? b[dropped].startMilliseconds : overlap.upperBound
        while kept < a.count, a[kept].centre < goesOnAt { kept += 1 }
        return Cut(kept: kept, dropped: dropped)
    }

    /// How many same words stand in a row around a pair, itself included; counts up to three.
    private static func run(at index: Int, in pairs: [WordAlignment.Pair]) -> Int {
        func isNeighbour(_ x: Int, _ y: Int) -> Bool {
            pairs.indices.contains(x) && pairs.indices.contains(y) && pairs[x].isSame && pairs[y].isSame
                && pairs[y].early - pairs[x].early == 1 && pairs[y].late - pairs[x].late == 1
        }
        return 1 + (isNeighbour(index - 1, index) ? 1 : 0) + (isNeighbour(index, index + 1) ? 1 : 0)
    }

    /// One word of two that are the same: beginning and capitals by the chunk that heard what comes before, the
    /// punctuation after it by the one that heard what follows.
    private static func united(_ early: SpokenToken, _ late: SpokenToken) -> SpokenToken {
        var token = early
        let head = early.text.unicodeScalars
        let tail = late.text.unicodeScalars
        guard let headEnd = head.lastIndex(where: SpokenToken.isCore),
            let tailEnd = tail.lastIndex(where: SpokenToken.isCore)
        else { return early }
        token.text = String(head[...headEnd]) + String(tail[tail.index(after: tailEnd)...])
        token.endMilliseconds = max(early.startMilliseconds, late.endMilliseconds)
        return token
    }

    /// Segments with their tokens numbered through.
    private struct TokenList {
        private let segments: [TranscriptSegment]
        private let tokensOf: [[SpokenToken]]

        init(_ segments: [TranscriptSegment]) {
            self.segments = segments
            tokensOf = segments.map(\.tokens)
        }

        var tokens: [SpokenToken] { Array(tokensOf.joined()) }

        /// The segments up to the cut, and whether it goes through the last of them.
        func prefix(_ cut: Cut) -> (segments: [TranscriptSegment], isCut: Bool) {
            var left = cut.kept
            var result: [TranscriptSegment] = []
            for (segment, tokens) in zip(segments, tokensOf) where left > 0 {
                if var replacement = cut.replacement, left <= tokens.count {
                    var tokens = tokens
                    replacement.followsSpace = tokens[left - 1].followsSpace
                    replacement.probability = tokens[left - 1].probability.map { replacement.probability ?? $0 }
                    tokens[left - 1] = replacement
                    return (result + [segment.slice(tokens[..<left])], left < tokens.count)
                }
                if left < tokens.count { return (result + [segment.slice(tokens[..<left])], true) }
                result.append(segment)
                left -= tokens.count
            }
            return (result, false)
        }

        /// The segments after the cut, and whether it goes through the first of them.
        func suffix(_ cut: Cut) -> (segments: [TranscriptSegment], isCut: Bool, followsSpace: Bool) {
            var left = cut.dropped
            for (index, tokens) in tokensOf.enumerated() {
                if left >= tokens.count {
                    left -= tokens.count
                    continue
                }
                guard left > 0 else { return (Array(segments[index...]), false, true) }
                let head = segments[index].slice(tokens[left...])
                return ([head] + segments[(index + 1)...], true, tokens[left].followsSpace)
            }
            return ([], false, true)
        }
    }

    /// Puts both sides together; halves of one sentence become one segment.
    private static func splice(
        _ early: (segments: [TranscriptSegment], isCut: Bool),
        _ late: (segments: [TranscriptSegment], isCut: Bool, followsSpace: Bool)
    ) -> [TranscriptSegment] {
        guard let last = early.segments.last, let first = late.segments.first, early.isCut || late.isCut,
            !endsSentence(last.text)
        else { return early.segments + late.segments }
        return early.segments.dropLast() + [united(last, first, spaced: late.followsSpace)]
            + late.segments.dropFirst()
    }

    private static func endsSentence(_ text: String) -> Bool {
        guard let last = text.unicodeScalars.last(where: { !"\"'”’)]»".unicodeScalars.contains($0) }) else {
            return false
        }
        return ".?!…。？！؟।".unicodeScalars.contains(last)
    }

    private static func united(_ a: TranscriptSegment, _ b: TranscriptSegment, spaced: Bool) -> TranscriptSegment {
        let share = Double(a.text.utf8.count) / Double(max(1, a.text.utf8.count + b.text.utf8.count))
        func mean(_ x: Double, _ y: Double) -> Double { x * share + y * (1 - share) }
        return TranscriptSegment(
            startMilliseconds: a.startMilliseconds, endMilliseconds: max(a.endMilliseconds, b.endMilliseconds),
            text: a.text + (spaced ? " " : "") + b.text,
            avgLogProbability: mean(a.avgLogProbability, b.avgLogProbability),
            noSpeechProbability: mean(a.noSpeechProbability, b.noSpeechProbability),
            words: a.words.isEmpty || b.words.isEmpty ? [] : a.words + b.words, channel: a.channel,
            flags: a.flags + b.flags.filter { !a.flags.contains($0) })
    }
}
