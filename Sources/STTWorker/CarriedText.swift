import STTCore

/// Takes the end of a chunk's text to be the next one's prompt.
enum CarriedText {
    /// At most so many characters, from the beginning of a word. `nil` where nothing was said.
    static func end(of segments: [TranscriptSegment], characters: Int) -> String? {
        let text = segments.map(\.text).joined(separator: " ")
        guard text.count > characters else { return text.isEmpty ? nil : text }
        let tail = text.suffix(characters)
        let isWhole = text.dropLast(characters).last?.isWhitespace ?? true
        let start = isWhole ? tail.startIndex : tail.firstIndex(where: \.isWhitespace)
        // In a script without spaces every character begins a word, or may.
        let whole = tail[(start ?? tail.startIndex)...].drop(while: \.isWhitespace)
        return whole.isEmpty ? nil : String(whole)
    }
}
