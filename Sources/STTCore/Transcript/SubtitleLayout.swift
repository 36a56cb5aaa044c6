/// How much text a subtitle holds.
public struct SubtitleLayout: Sendable, Hashable {
    /// 10 to 120 characters.
    public static let lineCharacterRange = 10...120
    /// 1 to 4 lines.
    public static let lineRange = 1...4

    /// Two lines of 42 characters.
    public static let standard = SubtitleLayout()

    /// The most characters in a line.
    public var lineCharacters: Int = 42
    /// The most lines in a cue.
    public var lines: Int = 2

    public init(lineCharacters: Int = 42, lines: Int = 2) {
        self.lineCharacters = lineCharacters
        self.lines = lines
    }
}
