import STTCore

/// Tells which of a chunk's pieces, put end to end, each word was said in.
///
/// Within a segment an engine's word times are rough: a word next to a splice may lie a second on its wrong side, and the
/// piece beyond it may be half a minute away in the recording. So each splice gets the joint between two words that lies
/// nearest to the quiet around it, with a preference for joints that a speaker pauses at. In docs/ACCURACY.md is what
/// the costs were found on.
struct WordPlacement {
    /// A word, or another part of a text that is not divided. Times are those of the spliced audio, in milliseconds.
    struct Word {
        var start: Int
        var end: Int
        var isFirstOfSegment: Bool
        /// The last character but for closing quotes and brackets; `nil` where it tells of no pause.
        var ending: Character?

        init(_ text: String, start: Int, end: Int, isFirstOfSegment: Bool) {
            self.start = start
            self.end = end
            self.isFirstOfSegment = isFirstOfSegment
            let last = text.last { !"\"'”’)]»".contains($0) }
            // "Mr." ends no sentence.
            let isTitle = text.first { $0.isLetter }?.isUppercase == true && text.count { $0.isLetter } <= 3
            ending = last == "." && isTitle ? nil : last
        }
    }

    /// What a joint costs beside its distance from the quiet, in milliseconds.
    private enum Cost {
        static let sentenceInSegment = 300
        static let clauseBetweenSegments = 200
        static let clauseInSegment = 900
        static let betweenSegments = 500
        static let inSegment = 1_500
    }

    let words: [Word]

    /// For each splice how many of the words were said before it; never falling.
    /// - Parameter quiet: Around each splice, rising.
    /// O(words × splices).
    func wordsBefore(_ quiet: [ClosedRange<Int>]) -> [Int] {
        // The least cost of all splices so far where the last of them is at each joint.
        var totals = [Int](repeating: 0, count: words.count + 1)
        var choices: [[Int]] = []
        for quiet in quiet {
            var best = 0
            var choice: [Int] = []
            for joint in totals.indices {
                if totals[joint] < totals[best] { best = joint }
                choice.append(best)
            }
            choices.append(choice)
            totals = totals.indices.map { totals[choice[$0]] + cost(ofJointBefore: $0, quiet) }
        }
        var result: [Int] = []
        var joint = totals.indices.min { totals[$0] < totals[$1] } ?? 0
        for choice in choices.reversed() {
            result.append(joint)
            joint = choice[joint]
        }
        return result.reversed()
    }

    private func cost(ofJointBefore index: Int, _ quiet: ClosedRange<Int>) -> Int {
        let before = index > 0 ? words[index - 1].end : 0
        let after = index < words.count ? words[index].start : Int.max
        let middle = before > after ? (before + after) / 2 : nil
        let distance = max((middle ?? before) - quiet.upperBound, quiet.lowerBound - (middle ?? after), 0)
        guard index > 0 else { return distance + Cost.betweenSegments }
        let isInSegment = index < words.count && !words[index].isFirstOfSegment
        return distance + cost(ofPauseAfter: words[index - 1], isInSegment: isInSegment)
    }

    private func cost(ofPauseAfter word: Word, isInSegment: Bool) -> Int {
        switch word.ending {
        case ".", "?", "!", "…", "。", "？", "！", "؟", "।": isInSegment ? Cost.sentenceInSegment : 0
        case ",", ";", ":", "-", "–", "—", "、", "，": isInSegment ? Cost.clauseInSegment : Cost.clauseBetweenSegments
        default: isInSegment ? Cost.inSegment : Cost.betweenSegments
        }
    }
}
