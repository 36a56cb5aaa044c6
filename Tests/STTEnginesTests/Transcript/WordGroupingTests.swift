import STTCore
import Testing

@testable import STTEngines

@Suite("Words from tokens")
struct WordGroupingTests {
    private func pieces(_ texts: String...) -> [TokenPiece] {
        texts.enumerated().map { index, text in
            TokenPiece(
                text: text, startMilliseconds: index * 100, endMilliseconds: index * 100 + 100,
                probability: 1 / Double(index + 1))
        }
    }

    @Test("begin where a token begins with a space, and keep their punctuation")
    func spaces() {
        let words = WordGrouping.words(pieces(" He", "llo", ",", " world", "!"), separatesWords: true)
        #expect(words.map(\.text) == ["Hello,", "world!"])
        #expect(words.map(\.startMilliseconds) == [0, 300])
        #expect(words.map(\.endMilliseconds) == [300, 500])
        #expect(abs(words[0].probability - (1 + 0.5 + 1.0 / 3) / 3) < 1e-9)
    }

    @Test("are tokens in languages without spaces")
    func noSpaces() {
        let words = WordGrouping.words(pieces("今日", "は", "。"), separatesWords: false)
        #expect(words.map(\.text) == ["今日", "は。"])
    }

    @Test("of nothing are none")
    func none() {
        #expect(WordGrouping.words([], separatesWords: true).isEmpty)
        #expect(WordGrouping.words(pieces(" ", ""), separatesWords: true).isEmpty)
    }

    @Test("get split characters back from the segment's text")
    func repair() {
        let broken = pieces(" ", "\u{FFFD}", "\u{FFFD}", "bung", " \u{FFFD}", "\u{FFFD}")
        let repaired = TokenPiece.repaired(broken, segmentText: " Übung ñ")
        #expect(repaired.map(\.text) == [" ", "Ü", "bung", " ñ"])
        #expect(repaired.map(\.startMilliseconds) == [0, 100, 300, 400])
        #expect(repaired.map(\.endMilliseconds) == [100, 300, 400, 600])
        #expect(TokenPiece.repaired(broken, segmentText: " something else") == broken)
    }
}
