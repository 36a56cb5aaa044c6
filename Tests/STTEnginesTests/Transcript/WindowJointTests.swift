import Testing

@testable import STTEngines

@Suite("Where whisper.cpp goes on in a new window") struct WindowJointTests {
    @Test("a word that both windows wrote is there once")
    func writtenTwice() {
        let segments = joined(" he might have", " have been made")
        #expect(segments.map(\.text) == [" he might have", " been made"])
        #expect(segments[1].pieces.map(\.text) == [" been", " made"])
        #expect(segments[1].startMilliseconds == 3_500)
        #expect(joined(" in Wash", " wash, they say").map(\.text) == [" in Wash", " they say"])
    }

    @Test("a word of several tokens goes whole, and a segment of one word becomes empty")
    func tokens() {
        var second = segment(" cricket is played", from: 3_000, noSpeech: 0.2)
        second.pieces = [" cri", "cket", " is", " played"].map(piece)
        let segments = WindowJoint.withoutWordsWrittenTwice([segment(" the cricket", from: 0), second])
        #expect(segments[1].pieces.map(\.text) == [" is", " played"])
        let alone = joined(" he might have", " have")
        #expect(alone[1].text.isEmpty && alone[1].pieces.isEmpty)
    }

    @Test("what was said twice stays: after a mark, after a gap, within a window, and other words")
    func saidTwice() {
        #expect(joined(" I know I do.", " Do you?")[1].text == " Do you?")
        #expect(joined(" no, no,", " no, never")[1].text == " no, never")
        #expect(joined(" he had", " had it", gap: 100)[1].text == " had it")
        #expect(joined(" he had", " had it", noSpeech: 0.1)[1].text == " had it")
        #expect(joined(" he might have", " having been")[1].text == " having been")
        #expect(joined(" a", " - a")[1].text == " - a")
        #expect(joined("", " a")[1].text == " a")
    }

    /// The second segment begins where the first one ends, or later, and is another window's unless its probability of
    /// no speech is 0.1.
    private func joined(_ first: String, _ second: String, gap: Int = 0, noSpeech: Double = 0.2) -> [EngineSegment] {
        WindowJoint.withoutWordsWrittenTwice([
            segment(first, from: 0), segment(second, from: 3_000 + gap, noSpeech: noSpeech),
        ])
    }

    private func segment(_ text: String, from start: Int, noSpeech: Double = 0.1) -> EngineSegment {
        let words = text.split(separator: " ").map { " " + $0 }
        return EngineSegment(
            text: text, startMilliseconds: start, endMilliseconds: start + 3_000, avgLogProbability: -0.2,
            noSpeechProbability: noSpeech,
            pieces: words.indices.map { index in
                TokenPiece(
                    text: words[index], startMilliseconds: start + 500 * index,
                    endMilliseconds: start + 500 * index + 400,
                    probability: 0.9)
            })
    }

    private func piece(_ text: String) -> TokenPiece {
        TokenPiece(text: text, startMilliseconds: 3_000, endMilliseconds: 3_400, probability: 0.9)
    }
}
