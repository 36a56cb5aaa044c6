/// Makes one clean line of what an engine wrote.
enum LineText {
    /// Replaces line breaks and control characters by spaces, makes one of several spaces, and trims white space.
    static func cleaned(_ text: String) -> String {
        isCleanASCII(text) ? text : cleanedByScalar(text)
    }

    /// Whether nothing is to be done, found without asking Unicode's tables. `false` does not say that there is.
    private static func isCleanASCII(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            // What comes before counts as a space, and a space at the end as too much.
            var last = UInt8(ascii: " ")
            for byte in bytes {
                guard (0x20...0x7E).contains(byte), byte != 0x20 || last != 0x20 else { return false }
                last = byte
            }
            return last != 0x20 || bytes.isEmpty
        }
    }

    private static func cleanedByScalar(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var spaceIsDue = false
        for scalar in text.unicodeScalars {
            if scalar == byteOrderMark { continue }
            if scalar == " " || isBreak(scalar) {
                spaceIsDue = true
                continue
            }
            if spaceIsDue, !scalars.isEmpty { scalars.append(" ") }
            spaceIsDue = false
            scalars.append(scalar)
        }
        return String(trimmed(scalars[...]))
    }

    static func trimmed(_ scalars: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var rest = scalars
        while let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
        return rest
    }

    private static let byteOrderMark: Unicode.Scalar = "\u{FEFF}"

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
