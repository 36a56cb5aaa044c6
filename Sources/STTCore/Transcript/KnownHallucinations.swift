/// Lines that Whisper is known to write where nobody speaks. It learnt them from subtitles: credits that stood over
/// silence, and what video makers say over closing music.
///
/// A match alone means little, since people do say "thank you": ``QualityGuard`` flags a segment only where something
/// else speaks against it too.
///
/// Source: the lists that users of Whisper have published, among them "135 phrases Whisper hallucinates during silence"
/// (Vexa, 2026), the block lists of subtitle and dictation programs, and Barański et al.: "Investigation of Whisper ASR
/// Hallucinations Induced by Non-Speech Audio", 2025.
public enum KnownHallucinations {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Names who made the subtitles, or a web site. Next to nobody says it aloud.
        case credit
        /// Ends a video. Said on purpose at times.
        case signOff
        /// A word or two that anybody may say, and that Whisper makes of a noise.
        case filler
    }

    /// What the whole text is. `nil` where any part of it is something else.
    public static func kind(of text: String) -> Kind? {
        let whole = key(text)
        guard !whole.isEmpty else { return nil }
        if let kind = kind(ofKey: whole) { return kind }
        let sentences = text.split { sentenceEnds.contains($0) }.map { key(String($0)) }.filter { !$0.isEmpty }
        guard sentences.count > 1 else { return nil }
        let kinds = sentences.map(kind(ofKey:))
        guard !kinds.contains(nil) else { return nil }
        return Kind.allCases.first(where: kinds.contains)
    }

    private static let sentenceEnds: Set<Character> = [".", "!", "?", "。", "！", "？", "…", ",", "、", "।"]

    /// Longer lines say something of their own, whatever they contain.
    private static let longestCredit = 90

    private static func kind(ofKey key: String) -> Kind? {
        if credits.contains(key) { return .credit }
        if key.unicodeScalars.count <= longestCredit {
            if creditMarks.contains(where: { key.contains($0) }) { return .credit }
            if creditStarts.contains(where: { key.hasPrefix($0) }) { return .credit }
        }
        if signOffs.contains(key) { return .signOff }
        return fillers.contains(key) ? .filler : nil
    }

    /// Letters and digits only, lower case, without spaces, so that spelling and spacing do not matter.
    private static func key(_ text: String) -> String { SpokenToken.key(of: text) }

    private static let credits = keys(HallucinationPhrases.credits)
    private static let creditMarks = keys(HallucinationPhrases.creditMarks)
    private static let creditStarts = keys(HallucinationPhrases.creditStarts)
    private static let signOffs = keys(HallucinationPhrases.signOffs)
    private static let fillers = keys(HallucinationPhrases.fillers)

    private static func keys(_ phrases: [String]) -> Set<String> { Set(phrases.map(key)) }
}
