import STTCore

extension GuardNote {
    private static let longestDetail = 200
    /// Of one chunk. Nothing but an engine that writes rubbish without end gets there.
    private static let longestList = 50

    /// - Parameter detail: Of any length; white space becomes single spaces, and what is too long is cut off.
    init(_ kind: Kind, in milliseconds: Range<Int>, _ detail: String) {
        self.init(
            kind: kind, startMilliseconds: milliseconds.lowerBound, endMilliseconds: milliseconds.upperBound,
            detail: Self.line(detail))
    }

    /// Says once what was done again and again, and keeps the list short.
    static func joined(_ notes: [GuardNote]) -> [GuardNote] {
        var joined: [GuardNote] = []
        for note in notes {
            if let last = joined.last, last.kind == note.kind, last.detail == note.detail {
                joined[joined.count - 1].endMilliseconds = max(last.endMilliseconds, note.endMilliseconds)
            } else if joined.count < longestList {
                joined.append(note)
            }
        }
        return joined
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
