import STTCore
import Testing

/// Chunk 0 ends at 10 s in a forced cut; chunk 1 begins at 8.5 s.
@Suite struct OverlapTests {
    private func merge(_ early: [TranscriptSegment], _ late: [TranscriptSegment], gaps: [TranscriptGap] = [])
        -> [MergedChunk]
    {
        TranscriptMerger.merge([
            (span(0, 0, 10_000, forced: true), result(early)),
            (span(1, 8_500, 20_000, leadIn: 1_500), result(late, gaps: gaps)),
        ])
    }

    @Test func `Words that both chunks heard appear once, in one line`() {
        let merged = merge(
            [spoken(6_000, 10_000, "and so my fellow Americans ask not what")],
            [spoken(8_500, 12_500, "Ask not what your country can do for")])
        #expect(merged.text == "and so my fellow Americans ask not what your country can do for\n")
        #expect(merged[0].text.isEmpty, "the end of a chunk before a forced cut is held back")
    }

    @Test func `A long segment is settled up to the words before the cut`() {
        let merged = merge(
            [spoken(0, 10_000, "a b c d e f g h i j k l m n o p q r s t")],
            [spoken(8_500, 12_500, "r s t u v w x y")])
        #expect(merged[0].text == "a b c d e f g h i j k l\n")
        #expect(merged.words.joined(separator: " ") == "a b c d e f g h i j k l m n o p q r s t u v w x y")
    }

    @Test func `A word cut in two is taken from the chunk that heard all of it`() {
        let merged = merge(
            [spoken(7_000, 10_000, "we shall transcribe everything tomor")],
            [spoken(8_500, 12_000, "ribe everything tomorrow at noon")])
        #expect(merged.text == "we shall transcribe everything tomorrow at noon\n")
    }

    @Test func `The joint has the earlier chunk's capitals and the later one's punctuation`() {
        let merged = merge(
            [spoken(7_000, 10_000, "it was the best.")], [spoken(8_500, 12_000, "Best, of all times")])
        #expect(merged.text == "it was the best, of all times\n")
    }

    @Test func `Of several equal words the ones at the same time meet`() {
        let merged = merge(
            [spoken(7_000, 10_000, "no no no no no no")], [spoken(8_500, 11_000, "no no no no yes")])
        #expect(merged.words.filter { $0 == "no" }.count == 7)
        #expect(merged.words.last == "yes")
    }

    @Test func `Where nothing aligns the middle of the overlap is the joint`() {
        let merged = merge(
            [spoken(8_000, 10_000, "alpha beta gamma delta")], [spoken(8_500, 10_500, "one two three four")])
        // Centres: alpha 8.25, beta 8.75, gamma 9.25 | two 9.25, three 9.75; the middle is 9.25 s.
        #expect(merged.words == ["alpha", "beta", "two", "three", "four"])
    }

    @Test func `A word that only one of both heard stays`() {
        let late = merge(
            [spoken(7_000, 8_800, "in larger freedom.")], [spoken(8_500, 10_900, "whereas member states have")])
        #expect(late.words == ["in", "larger", "freedom.", "whereas", "member", "states", "have"])
        let early = merge([spoken(8_000, 9_900, "in larger freedom")], [spoken(9_900, 11_000, "whereas member")])
        #expect(early.words == ["in", "larger", "freedom", "whereas", "member"])
    }

    @Test func `Without word times the text's length gives them`() {
        let merged = merge(
            [segment(6_000, 10_000, "and so my fellow Americans ask not what")],
            [segment(8_500, 12_500, "ask not what your country can do for")])
        #expect(
            merged.words.joined(separator: " ") == "and so my fellow Americans ask not what your country can do for")
        #expect(merged.flatMap(\.segments).allSatisfy { $0.words.isEmpty })
    }

    @Test func `Scripts without spaces are joined without spaces`() {
        let merged = merge([segment(6_000, 10_000, "今日はとても良い天気")], [segment(8_500, 12_500, "い天気ですね散歩に")])
        #expect(merged.text == "今日はとても良い天気ですね散歩に\n")
    }

    @Test func `A complete sentence keeps its line`() {
        let merged = merge(
            [spoken(6_000, 9_700, "That was all."), spoken(9_700, 10_000, "Nex")],
            [spoken(8_500, 9_700, "was all."), spoken(9_700, 12_000, "Next we begin.")])
        #expect(merged.text == "That was all.\nNext we begin.\n")
    }

    @Test func `An empty side leaves the other one whole`() {
        #expect(merge([], [spoken(8_500, 12_000, "only late")]).text == "only late\n")
        #expect(merge([spoken(8_500, 10_000, "only early")], []).text == "only early\n")
        #expect(merge([], []).text.isEmpty)
    }

    @Test func `The next chunk being a gap flushes what was held back`() {
        let merged = merge([spoken(6_000, 10_000, "ask not what your")], [], gaps: [gap(8_500, 20_000)])
        #expect(merged[0].text.isEmpty)
        #expect(merged[1].text == "ask not what your\n")
        #expect(merged[1].gaps == [gap(10_000, 20_000)], "what the earlier chunk covers is no gap")
    }

    @Test func `A gap at the start of the next chunk flushes what was held back, and words inside the overlap go`() {
        let merged = merge(
            [spoken(6_000, 10_000, "ask not what your")], [spoken(9_000, 13_000, "your country can do")],
            gaps: [gap(8_500, 9_000)])
        #expect(merged[1].text == "ask not what your\ncountry can do\n")
        #expect(merged[1].gaps.isEmpty)
    }

    @Test func `After a gap before the cut the next chunk is whole`() {
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000, forced: true), result([], gaps: [gap(0, 10_000)])),
            (span(1, 8_500, 20_000, leadIn: 1_500), result([spoken(8_500, 12_500, "your country can do")])),
        ])
        #expect(merged[0].gaps == [gap(0, 10_000)])
        #expect(merged[1].text == "your country can do\n")
    }

    @Test func `A forced cut without a lead-in loses and repeats nothing`() {
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000, forced: true), result([spoken(8_000, 10_000, "a b c")])),
            (span(1, 10_000, 20_000), result([spoken(10_000, 12_500, "c d e")])),
        ])
        #expect(merged.text == "a b c\nc d e\n")
    }

    @Test func `Finishing returns what is held back`() {
        var merger = TranscriptMerger()
        let merged = merger.fold(span(0, 0, 10_000, forced: true), result([spoken(8_000, 10_000, "a b c")]))
        #expect(merged.text.isEmpty)
        #expect(merger.finish().map(\.text) == ["a b c"])
        #expect(merger.finish().isEmpty)
    }

    @Test func `A run-away engine's thousands of words stay bounded work`() {
        let many = String(repeating: "la ", count: 5_000)
        let merged = merge([spoken(8_500, 10_000, many)], [spoken(8_500, 10_500, many)])
        #expect(merged.words.count >= 5_000)
    }
}
