import STTCore

extension GuardNote {
    private static let longestDetail = 200

    /// - Parameter detail: Of any length; white space becomes single spaces, and what is too long is cut off.
    init(_ kind: Kind, in milliseconds: Range<Int>, _ detail: String) {
        self.init(
            kind: kind, startMilliseconds: milliseconds.lowerBound, endMilliseconds: milliseconds.upperBound,
            detail: Self.line(detail))
    }

    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard line.utf8.count > longestDetail else { return line }
        var cut = ""
        for character in line {
            guard cut.utf8.count + character.utf8.count + 3 <= longestDetail else { break }
            cut.append(character)
        }
        return cut + "…"
    }
}
