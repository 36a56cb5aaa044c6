/// A word of a segment with its time, as merging and subtitles need it.
package struct SpokenToken: Hashable {
    /// With its punctuation, without white space around it.
    package var text: String
    package var startMilliseconds: Int
    package var endMilliseconds: Int
    /// `nil`: the engine gave no word times and these are interpolated.
    package var probability: Double?
    /// White space stands before it in the segment; always so for a segment's first token in a script with spaces.
    package var followsSpace: Bool

    var centre: Int { (startMilliseconds + endMilliseconds) / 2 }

    /// Lower case, letters and digits only. Empty for a token of punctuation.
    var key: String { Self.key(of: text) }

    static func key(of text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.lowercased().unicodeScalars where isCore(scalar) { scalars.append(scalar) }
        return String(scalars)
    }

    /// Whether the scalar belongs to the word itself, not to the punctuation around it.
    static func isCore(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        if properties.isAlphabetic || properties.numericType != nil { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .otherSymbol, .mathSymbol, .currencySymbol: return true
        default: return false
        }
    }

    /// Whether the script is written without spaces, so that each character can stand on its own.
    static func isSpaceless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3005...0x3007, 0x3040...0x30FF, 0x3400...0x9FFF,
            0xF900...0xFAFF, 0xFF66...0xFF9D, 0x20000...0x3FFFF:
            true
        default: false
        }
    }
}

extension TranscriptSegment {
    /// The segment's words with their times: the engine's where it gave any, else by the length of the text.
    package var tokens: [SpokenToken] {
        if words.isEmpty { return interpolatedTokens }
        return locatedTokens
            ?? words.map {
                SpokenToken(
                    text: $0.text, startMilliseconds: $0.startMilliseconds, endMilliseconds: $0.endMilliseconds,
                    probability: $0.probability, followsSpace: true)
            }
    }

    /// The segment cut down to some of its tokens.
    package func slice(_ tokens: ArraySlice<SpokenToken>) -> TranscriptSegment {
        var slice = self
        slice.text = tokens.joinedText
        slice.startMilliseconds = tokens.first?.startMilliseconds ?? startMilliseconds
        slice.endMilliseconds = max(slice.startMilliseconds, tokens.last?.endMilliseconds ?? endMilliseconds)
        slice.words = tokens.compactMap { token in
            token.probability.map {
                TranscriptWord(
                    startMilliseconds: token.startMilliseconds, endMilliseconds: token.endMilliseconds,
                    text: token.text, probability: $0)
            }
        }
        return slice
    }

    /// Finds each word in the text, so that what lies between words (spaces, or none in some scripts) is kept.
    private var locatedTokens: [SpokenToken]? {
        let scalars = Array(text.unicodeScalars)
        var starts: [Int] = []
        var from = 0
        for word in words {
            let pattern = Array(word.text.unicodeScalars)
            guard let found = Self.find(pattern, in: scalars, from: from) else { return nil }
            starts.append(starts.isEmpty ? 0 : found)
            from = found + pattern.count
        }
        starts.append(scalars.count)
        return words.indices.map { index in
            let range = starts[index]..<starts[index + 1]
            let before = range.lowerBound > 0 ? scalars[range.lowerBound - 1] : nil
            return SpokenToken(
                text: String(String.UnicodeScalarView(scalars[range])).trimmedWhiteSpace,
                startMilliseconds: words[index].startMilliseconds, endMilliseconds: words[index].endMilliseconds,
                probability: words[index].probability,
                followsSpace: before?.properties.isWhitespace ?? !SpokenToken.isSpaceless(scalars[range.lowerBound]))
        }
    }

    private static func find(_ pattern: [Unicode.Scalar], in scalars: [Unicode.Scalar], from start: Int) -> Int? {
        guard !pattern.isEmpty else { return nil }
        var position = start
        while position + pattern.count <= scalars.count {
            if scalars[position..<position + pattern.count].elementsEqual(pattern) { return position }
            position += 1
        }
        return nil
    }

    private var interpolatedTokens: [SpokenToken] {
        let pieces = Self.pieces(of: text)
        let total = max(1, pieces.reduce(0) { $0 + $1.text.unicodeScalars.count })
        let duration = endMilliseconds - startMilliseconds
        var before = 0
        return pieces.map { piece in
            let start = startMilliseconds + duration * before / total
            before += piece.text.unicodeScalars.count
            return SpokenToken(
                text: piece.text, startMilliseconds: start,
                endMilliseconds: startMilliseconds + duration * before / total, probability: nil,
                followsSpace: piece.followsSpace)
        }
    }

    /// Splits at white space and, in scripts without spaces, before each character.
    private static func pieces(of text: String) -> [(text: String, followsSpace: Bool)] {
        var pieces: [(text: String, followsSpace: Bool)] = []
        var piece = String.UnicodeScalarView()
        var followsSpace = text.unicodeScalars.first.map { !SpokenToken.isSpaceless($0) } ?? true
        func close() {
            if !piece.isEmpty { pieces.append((String(piece), followsSpace)) }
            piece = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                close()
                followsSpace = true
                continue
            }
            if SpokenToken.isSpaceless(scalar), isBase(scalar), !piece.isEmpty {
                close()
                followsSpace = false
            }
            piece.append(scalar)
        }
        close()
        return pieces
    }

    private static func isBase(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: false
        default: true
        }
    }
}

extension Sequence<SpokenToken> {
    var joinedText: String {
        var text = ""
        for token in self {
            if token.followsSpace, !text.isEmpty { text += " " }
            text += token.text
        }
        return text
    }
}

extension String {
    var trimmedWhiteSpace: String { String(LineText.trimmed(unicodeScalars[...])) }
}
