/// How bad it is to begin a new line of a subtitle before a word: 0 behind a sentence, more the closer the two words
/// belong together.
///
/// The order of preference is that of Netflix's Timed Text Style Guide and the BBC's Subtitle Guidelines: behind
/// punctuation, before a conjunction or a preposition; not between an article, a pronoun, an auxiliary and what follows
/// it, nor within a name.
struct BreakCost {
    static let sentence = 0.0
    static let clause = 1.0
    static let pause = 2.0
    static let conjunction = 3.0
    static let preposition = 5.0
    static let neutral = 7.0
    static let bound = 15.0
    static let insideWord = 30.0

    /// A silence that a listener notices, in milliseconds.
    private static let noticeablePause = 300

    let words: LineBreakWords

    func before(_ next: SpokenToken, after last: SpokenToken) -> Double {
        guard let end = last.text.unicodeScalars.last, let start = next.text.unicodeScalars.first else {
            return Self.neutral
        }
        if Self.opening.contains(end) || Self.neverFirst.contains(start) { return Self.insideWord }
        if Self.endsSentence(last.text), !Self.isAbbreviation(last.text) { return Self.sentence }
        if Self.clauseMarks.contains(end) { return Self.clause }
        if !next.followsSpace { return Self.unspaced(end, start) }
        let cost = spaced(last, next, start)
        let isTimed = last.probability != nil && next.probability != nil
        return isTimed && next.startMilliseconds - last.endMilliseconds >= Self.noticeablePause
            ? min(cost, Self.pause) : cost
    }

    private func spaced(_ last: SpokenToken, _ next: SpokenToken, _ start: Unicode.Scalar) -> Double {
        if words.binding.contains(last.key) { return Self.bound }
        if last.text.unicodeScalars.allSatisfy(\.isDigitOrMark), start.properties.isAlphabetic { return Self.bound }
        let key = next.key
        if words.conjunctions.contains(key) { return Self.conjunction }
        if words.prepositions.contains(key) { return Self.preposition }
        let isName =
            !words.capitalizesNouns && start.properties.isUppercase
            && last.text.unicodeScalars.first?.properties.isUppercase == true
        return isName ? Self.bound : Self.neutral
    }

    /// Between characters of a script without spaces. In Japanese a word often begins where hiragana end.
    private static func unspaced(_ end: Unicode.Scalar, _ start: Unicode.Scalar) -> Double {
        guard SpokenToken.isSpaceless(end) || SpokenToken.isSpaceless(start) else { return insideWord }
        let hiragana: ClosedRange<UInt32> = 0x3041...0x309F
        if hiragana.contains(end.value), !hiragana.contains(start.value) { return preposition }
        return hiragana.contains(start.value) ? bound : neutral + 2
    }

    static func endsSentence(_ text: String) -> Bool {
        guard let last = text.unicodeScalars.last(where: { !closing.contains($0) }) else { return false }
        return sentenceMarks.contains(last)
    }

    /// "U.S.", "J.", "Mr.": a full stop that ends no sentence as a rule.
    private static func isAbbreviation(_ text: String) -> Bool {
        guard text.hasSuffix(".") else { return false }
        let letters = text.dropLast()
        return letters.contains(".") && letters.last != "." || letters.count == 1 && letters.allSatisfy(\.isUppercase)
            || ["Mr", "Mrs", "Ms", "Dr", "St", "Prof", "vs", "No"].contains(String(letters))
    }

    private static let sentenceMarks = Set(".?!…。？！؟।".unicodeScalars)
    private static let clauseMarks = Set(",;:—–、，；：،؛".unicodeScalars)
    private static let closing = Set("\"'”’)]»」』）】".unicodeScalars)
    private static let opening = Set("([{「『（【〈《".unicodeScalars)
    /// Small kana, the prolonged sound mark and what closes: a Japanese line does not begin with them.
    private static let neverFirst = Set("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞ々」』）】〉》、。，．！？".unicodeScalars)
}

extension Unicode.Scalar {
    fileprivate var isDigitOrMark: Bool { properties.numericType != nil || self == "," || self == "." || self == "$" }
}
