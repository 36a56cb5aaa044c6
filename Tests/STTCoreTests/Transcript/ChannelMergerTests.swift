import STTCore
import Testing

/// Channels that were transcribed apart.
@Suite struct ChannelMergerTests {
    @Test func `Lines say their channel and come in the order in which they begin`() {
        let merged = TranscriptMerger.merge([
            (
                span(0, 0, 10_000),
                result(
                    on(1, segment(0, 4_000, "How are you?"), segment(6_000, 7_000, "Good."))
                        + on(2, segment(1_000, 2_000, "Hm."), segment(4_000, 6_500, "Fine, thanks.")))
            )
        ])
        #expect(merged.text == "[1] How are you?\n[2] Hm.\n[2] Fine, thanks.\n[1] Good.\n")
        #expect(
            merged[0].segments.map { [$0.startMilliseconds, $0.endMilliseconds] } == [
                [0, 4_000], [1_000, 2_000], [4_000, 6_500], [6_000, 7_000],
            ], "one channel's times do not push the other's")
    }

    @Test func `Of lines that begin at once the lower channel's comes first`() {
        let segments = on(2, segment(500, 900, "b"), segment(900, 900, "d")) + on(1, segment(500, 2_000, "a"))
        let merged = TranscriptMerger.merge([(span(0, 0, 10_000), result(segments + on(1, segment(900, 2_500, "c"))))])
        #expect(merged.text == "[1] a\n[2] b\n[2] d\n[1] c\n", "c begins where a ends, at 2 s")
    }

    @Test func `A joint keeps channel and flags`() {
        var early = spoken(6_000, 10_000, "and so my fellow Americans ask not what")
        var late = spoken(8_500, 12_500, "Ask not what your country can do for")
        (early.channel, late.channel) = (2, 2)
        (early.flags, late.flags) = ([.lowProbability], [.lowProbability, .implausibleRate])
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000, forced: true), result([early])),
            (span(1, 8_500, 20_000, leadIn: 1_500), result([late])),
        ])
        #expect(merged.text == "[2] and so my fellow Americans ask not what your country can do for\n")
        #expect(merged[1].segments[0].flags == [.lowProbability, .implausibleRate])
    }

    @Test func `What is held back at a cut holds back what is said on the other channel meanwhile`() {
        let merged = TranscriptMerger.merge([
            (
                span(0, 0, 10_000, forced: true),
                result(on(1, spoken(3_000, 9_900, "one two three four five")) + on(2, spoken(4_000, 5_000, "yes yes")))
            ),
            (
                span(1, 8_500, 20_000, leadIn: 1_500),
                result(on(1, spoken(8_500, 11_000, "five six")) + on(2, spoken(9_000, 9_500, "oh")))
            ),
        ])
        #expect(merged[0].text.isEmpty)
        #expect(merged[1].text == "[1] one two three four five six\n[2] yes yes\n[2] oh\n")
    }

    @Test func `A channel that is heard only later joins in`() {
        let merged = TranscriptMerger.merge([
            (span(0, 0, 10_000), result(on(3, segment(0, 1_000, "three")))),
            (
                span(1, 10_000, 20_000),
                result(on(3, segment(11_000, 12_000, "c")) + on(1, segment(10_000, 11_000, "a")))
            ),
        ])
        #expect(merged.text == "[3] three\n[1] a\n[3] c\n")
    }

    private static let vocabulary = """
        the of and to in that was his he it with is for as had you not be her on at by which have or from this him but \
        country government question morning evening window captain president thousand remember together transcript
        """.split(separator: " ").map(String.init)

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `Each channel of many reads as if it were merged alone, and all in the order in which they begin`(
        seed: UInt64
    ) {
        var recordings = (0..<3).map {
            SimulatedRecording(seed: seed * 3 + $0, vocabulary: Self.vocabulary, wordCount: 150)
        }
        let first = recordings[0].chunks(jitter: 200, withWords: true)
        let spans = first.map(\.0)
        var channels = [first.map(\.1.segments)]
        for index in 1...2 { channels.append(recordings[index].heard(over: spans, jitter: 200)) }
        for (number, _) in channels.enumerated() {
            for chunk in channels[number].indices {
                for index in channels[number][chunk].indices { channels[number][chunk][index].channel = number + 1 }
            }
        }
        func merge(_ numbers: [Int]) -> [MergedChunk] {
            TranscriptMerger.merge(
                spans.enumerated().map { index, span in (span, result(numbers.flatMap { channels[$0][index] })) })
        }
        let together = merge([2, 0, 1])
        let all = together.flatMap(\.segments)
        #expect(all.map(\.startMilliseconds) == all.map(\.startMilliseconds).sorted(), "seed \(seed)")
        for number in channels.indices {
            #expect(all.filter { $0.channel == number + 1 } == merge([number]).flatMap(\.segments), "seed \(seed)")
        }
        #expect(together.text == all.map { "[\($0.channel ?? 0)] \($0.text)\n" }.joined())
    }
}
