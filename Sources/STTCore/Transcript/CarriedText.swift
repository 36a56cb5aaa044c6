/// Takes the end of a chunk's text to be the next one's prompt.
public enum CarriedText {
    /// At most so many characters, from the beginning of a word. `nil` where nothing was said.
    public static func end(of segments: [TranscriptSegment], characters: Int) -> String? {
        let text = segments.map(\.text).joined(separator: " ")
        guard text.count > characters else { return text.isEmpty ? nil : text }
        let tail = text.suffix(characters)
        let before = text.dropLast(characters).unicodeScalars.last
        let isWhole = before.map { $0.properties.isWhitespace || SpokenToken.isSpaceless($0) } ?? true
        guard let start = isWhole ? tail.startIndex : tail.firstIndex(where: \.isWhitespace) else { return nil }
        let whole = tail[start...].drop(while: \.isWhitespace)
        return whole.isEmpty ? nil : String(whole)
    }
}
