import STTCore
import Testing

@Suite struct TranscriptMergerTests {
    @Test func `Chunks cut at silences pass through, a line for each segment`() {
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000), result([segment(0, 4_000, "Hello there."), segment(5_000, 9_000, "How are you?")])),
            (span(1, 10_000, 20_000), result([segment(11_000, 14_000, "Fine.")])),
        ])
        #expect(merged.map(\.text) == ["Hello there.\nHow are you?\n", "Fine.\n"])
        #expect(merged[1].segments[0].startMilliseconds == 11_000)
        #expect(merged[1].startMilliseconds == 10_000 && merged[1].endMilliseconds == 20_000)
    }

    @Test func `A chunk without words has an empty text`() {
        let merged = TranscriptMerger.merge([(span(0, 0, 10_000), result([]))])
        #expect(merged[0].text.isEmpty)
    }

    @Test(arguments: [
        ("  two  spaces ", "two spaces"), ("a\nb", "a b"), ("a\r\n\tb", "a b"), ("a\u{0}b\u{7}", "a b"),
        ("line\u{2028}separator", "line separator"), ("\u{FEFF}mark", "mark"),
        ("e\u{301}te\u{301}", "e\u{301}te\u{301}"),
        ("\u{301}", "\u{301}"), ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"), ("שלום עולם", "שלום עולם"), ("Bonjour\u{A0}!", "Bonjour\u{A0}!"),
    ])
    func `A segment's text is one clean line`(raw: String, clean: String) {
        let merged = TranscriptMerger.merge([(span(0, 0, 10_000), result([segment(0, 1_000, raw)]))])
        #expect(Array(merged.text.utf8) == Array((clean + "\n").utf8))
    }

    @Test func `Segments without words are dropped`() {
        let merged = TranscriptMerger.merge([
            (
                span(0, 0, 10_000),
                result([
                    segment(0, 1_000, " \n"), segment(1_000, 2_000, "[BLANK_AUDIO]"), segment(2_000, 3_000, "Yes."),
                    segment(3_000, 4_000, "♪♪"),
                ])
            )
        ])
        #expect(merged.text == "Yes.\n")
    }

    @Test func `Times are clamped to the chunk and made monotonic`() {
        let merged = TranscriptMerger.merge([
            (
                span(0, 1_000, 10_000),
                result([
                    segment(0, 4_000, "one"), segment(3_500, 3_000, "two"), segment(3_000, 30_000, "three"),
                    segment(31_000, 32_000, "four"),
                ])
            ),
            (span(1, 10_000, 20_000), result([segment(9_000, 12_000, "five")])),
        ])
        let times = merged.flatMap(\.segments).map { [$0.startMilliseconds, $0.endMilliseconds] }
        #expect(times == [[1_000, 4_000], [4_000, 4_000], [4_000, 10_000], [10_000, 10_000], [10_000, 12_000]])
    }

    @Test func `Word times are put in order inside their segment`() {
        let words = [
            TranscriptWord(startMilliseconds: -5, endMilliseconds: 900, text: " a\n", probability: .nan),
            TranscriptWord(startMilliseconds: 500, endMilliseconds: 400, text: "b", probability: 0.5),
            TranscriptWord(startMilliseconds: 1_500, endMilliseconds: 9_900, text: "c", probability: 0.5),
            TranscriptWord(startMilliseconds: 1_500, endMilliseconds: 9_900, text: " ", probability: 0.5),
        ]
        let merged = TranscriptMerger.merge([(span(0, 0, 10_000), result([segment(0, 2_000, "a b c", words: words)]))])
        let settled = merged[0].segments[0].words
        #expect(settled.map(\.text) == ["a", "b", "c"])
        #expect(settled.map(\.startMilliseconds) == [0, 900, 1_500])
        #expect(settled.map(\.endMilliseconds) == [900, 900, 2_000])
        #expect(settled[0].probability == 0)
    }

    @Test func `Numbers that JSON cannot hold become zero`() {
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000), result([segment(0, 1_000, "a", avg: -.infinity, noSpeech: .nan)]))
        ])
        #expect(merged[0].segments[0].avgLogProbability == 0)
        #expect(merged[0].segments[0].noSpeechProbability == 0)
    }

    @Test func `Gaps are clamped, ordered, and joined with neighbours of the same cause`() {
        let merged = TranscriptMerger.merge([
            (
                span(0, 1_000, 10_000),
                result(
                    [],
                    gaps: [
                        gap(4_000, 5_000), gap(0, 4_000), gap(5_000, 6_000, "engine.timedOut"),
                        gap(5_500, 12_000, "engine.timedOut"), gap(20_000, 30_000),
                    ])
            )
        ])
        #expect(merged[0].gaps == [gap(1_000, 5_000), gap(5_000, 10_000, "engine.timedOut")])
    }

    @Test func `Merging the same chunks again yields the same`() {
        let chunks = [
            (span(0, 0, 10_000, forced: true), result([spoken(0, 10_000, "a b c d e f g h i j")])),
            (span(1, 8_500, 20_000, leadIn: 1_500), result([spoken(8_500, 20_000, "i j k l m n o p")])),
        ]
        #expect(TranscriptMerger.merge(chunks) == TranscriptMerger.merge(chunks))
    }

    @Test func `A merger may begin at any chunk, which it then shows on its own`() {
        var merger = TranscriptMerger()
        let merged = merger.fold(span(7, 8_500, 20_000, leadIn: 1_500), result([spoken(8_500, 10_500, "a b c d")]))
        #expect(merged.index == 7 && merged.text == "a b c d\n")
        #expect(merger.fold(span(8, 20_000, 30_000), result([segment(20_000, 21_000, "e")])).text == "e\n")
    }
}
