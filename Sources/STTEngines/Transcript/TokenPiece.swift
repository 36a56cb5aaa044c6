/// A piece of a segment's text as an engine reports it: a token, or several that share a character.
struct TokenPiece: Sendable, Hashable {
    /// With its leading space, if it has one.
    var text: String
    var startMilliseconds: Int
    var endMilliseconds: Int
    /// 0 to 1.
    var probability: Double
}

extension TokenPiece {
    /// Repairs pieces whose character was split over several tokens and came out as U+FFFD, from the segment's text, which
    /// is whole. Pieces that do not fit the text are returned as they are.
    static func repaired(_ pieces: [TokenPiece], segmentText: String) -> [TokenPiece] {
        guard pieces.contains(where: \.isBroken) else { return pieces }
        var result: [TokenPiece] = []
        var rest = segmentText[...]
        var index = 0
        while index < pieces.count {
            let piece = pieces[index]
            guard piece.isBroken else {
                guard rest.hasPrefix(piece.text) else { return pieces }
                rest.removeFirst(piece.text.count)
                result.append(piece)
                index += 1
                continue
            }
            let end = pieces[index...].firstIndex { !$0.isBroken } ?? pieces.count
            var merged = merge(pieces[index..<end])
            let textEnd = end == pieces.count ? rest.endIndex : rest.firstRange(of: pieces[end].text)?.lowerBound
            guard let textEnd else { return pieces }
            merged.text = String(rest[..<textEnd])
            rest = rest[textEnd...]
            result.append(merged)
            index = end
        }
        return result
    }

    /// One piece from the first one's start to the last one's end, as probable as the least probable of them.
    static func merge(_ pieces: ArraySlice<TokenPiece>) -> TokenPiece {
        TokenPiece(
            text: pieces.map(\.text).joined(), startMilliseconds: pieces.first?.startMilliseconds ?? 0,
            endMilliseconds: pieces.last?.endMilliseconds ?? 0, probability: pieces.map(\.probability).min() ?? 0)
    }

    private var isBroken: Bool { text.unicodeScalars.contains("\u{FFFD}") }
}
