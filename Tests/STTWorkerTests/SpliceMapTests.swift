import STTCore
import STTTestKit
import Testing

@testable import STTWorker

@Suite struct SpliceMapTests {
    /// 10.0 to 13.2 s, 75.0 to 78.0 s and 100.0 to 104.0 s of the recording.
    private let map = SpliceMap([160_000..<211_200, 1_200_000..<1_248_000, 1_600_000..<1_664_000])

    @Test func `One piece moves all times by its start`() {
        let placed = SpliceMap([160_000..<320_000]).recording(
            [spoken(100, 2_100, "one two"), segment(2_100, 9_000, "three")], levels: nil)
        #expect(placed[0].times == 10_100..<12_100)
        #expect(placed[0].words.map(\.startMilliseconds) == [10_100, 11_100])
        #expect(placed[1].times == 12_100..<19_000)
    }

    @Test(arguments: [
        (0, 2_900, 10_000, 12_900), (0, 3_200, 10_000, 13_200), (3_200, 6_200, 75_000, 78_000),
        (3_300, 6_250, 75_100, 78_000), (6_200, 10_200, 100_000, 104_000), (7_000, 99_999, 100_800, 104_000),
    ])
    func `A segment within a piece stays within it`(start: Int, end: Int, from: Int, to: Int) {
        #expect(SegmentPlacement(map: map, levels: nil).recording([segment(start, end, "words")])[0].times == from..<to)
    }

    @Test func `A start shortly before a splice belongs to what comes after it`() {
        #expect(
            SegmentPlacement(map: map, levels: nil).recording([segment(3_000, 5_500, "words")])[0].times
                == 75_000..<77_300)
    }

    @Test func `An end shortly after a splice belongs to what comes before it`() {
        #expect(
            SegmentPlacement(map: map, levels: nil).recording([segment(500, 3_400, "words")])[0].times
                == 10_500..<13_200)
    }

    @Test func `A segment on both sides of a splice begins in the earlier piece and ends in the later`() {
        #expect(
            SegmentPlacement(map: map, levels: nil).recording([segment(1_500, 5_500, "words")])[0].times
                == 11_500..<77_300)
        #expect(
            SegmentPlacement(map: map, levels: nil).recording([segment(100, 9_000, "words")])[0].times
                == 10_100..<102_800)
    }

    @Test func `Words tell on which side of a splice a segment begins`() {
        var late = segment(2_500, 5_500, "late")
        late.words = [word(3_400, 4_000, "la"), word(4_000, 5_500, "te")]
        #expect(SegmentPlacement(map: map, levels: nil).recording([late])[0].times == 75_000..<77_300)
        var early = segment(2_500, 5_500, "early")
        early.words = [word(2_500, 3_000, "ear"), word(3_000, 3_300, "l"), word(4_000, 5_500, "y")]
        let placed = SegmentPlacement(map: map, levels: nil).recording([early])[0]
        #expect(placed.times == 12_500..<77_300)
        #expect(placed.words.map(\.startMilliseconds) == [12_500, 13_000, 75_800])
        #expect(placed.words.map(\.endMilliseconds) == [13_000, 13_200, 77_300])
    }

    @Test func `Silence before a splice tells that nothing was said there`() {
        let loud = [Int16](repeating: 6_000, count: 16_000 * 2)
        let pause = [Int16](repeating: 20, count: 1_200 * 16)
        let levels = AudioLevels(loud + pause + [Int16](repeating: 6_000, count: 7_000 * 16), startMilliseconds: 0)
        #expect(
            SegmentPlacement(map: map, levels: levels).recording([segment(2_300, 5_500, "words")])[0].times
                == 75_000..<77_300)
        #expect(
            SegmentPlacement(map: map, levels: levels).recording([segment(1_500, 5_500, "words")])[0].times
                == 11_500..<77_300)
    }

    @Test func `No answer of an engine overflows`() {
        let wild = segment(Int.min, Int.max, "words", words: [word(Int.max, Int.min, "words")])
        #expect(SegmentPlacement(map: map, levels: nil).recording([wild])[0].times == 10_000..<104_000)
        #expect(map.recording(-5..<Int.max) == 10_000..<104_000)
    }

    /// What was said keeps its place in the recording, to what an engine's times are out by.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `Starts are never far out, in order, and inside the pieces`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var pieces: [Range<Int>] = []
        var truth: [(spliced: Range<Int>, recording: Range<Int>)] = []
        var position = Int.random(in: 0...100_000, using: &random)
        var offset = 0
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let start = position
            var said = position + 200 * 16
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let length = Int.random(in: 500...4_000, using: &random) * 16
                truth.append(
                    (
                        (offset + said - start) / 16..<(offset + said - start + length) / 16,
                        said / 16..<(said + length) / 16
                    ))
                said += length + Int.random(in: 50...400, using: &random) * 16
            }
            let end = said + 200 * 16 + Int.random(in: 0...15, using: &random)
            pieces.append(start..<end)
            offset += end - start
            position = end + Int.random(in: 1...2_000_000, using: &random)
        }
        // Within the margins, as far as the neighbours let it.
        let segments = truth.map { said in
            segment(
                max(0, said.spliced.lowerBound - Int.random(in: 0...300, using: &random)),
                said.spliced.upperBound + Int.random(in: 0...300, using: &random), "words")
        }
        let placed = SpliceMap(pieces).recording(segments, levels: nil)
        var earliest = 0
        for (segment, said) in zip(placed, truth) {
            #expect(segment.startMilliseconds >= earliest)
            #expect(abs(segment.startMilliseconds - said.recording.lowerBound) <= 500, "seed \(seed)")
            #expect(abs(segment.endMilliseconds - said.recording.upperBound) <= 500, "seed \(seed)")
            #expect(segment.endMilliseconds >= segment.startMilliseconds)
            let start = segment.startMilliseconds
            #expect(pieces.contains { $0.lowerBound / 16 <= start && start <= $0.upperBound / 16 })
            earliest = segment.startMilliseconds
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `Whatever an engine answers, times are in order and inside the recording's stretch`(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var pieces: [Range<Int>] = []
        var position = 7
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let length = Int.random(in: 1...60_000, using: &random)
            pieces.append(position..<position + length)
            position += length + Int.random(in: 0...90_000, using: &random)
        }
        var start = 0
        let segments = (0..<20).map { _ in
            start += Int.random(in: 0...4_000, using: &random)
            let end = start + Int.random(in: 0...9_000, using: &random)
            var words: [TranscriptWord] = []
            var at = start
            while at < end, words.count < 12 {
                let next = at + Int.random(in: 0...900, using: &random)
                words.append(word(at, next, "word"))
                at = next
            }
            return segment(start, end, "words", words: Bool.random(using: &random) ? words : [])
        }
        let map = SpliceMap(pieces)
        var earliest = map.extent.lowerBound
        for placed in map.recording(segments, levels: nil) {
            #expect(placed.startMilliseconds >= earliest && placed.endMilliseconds <= map.extent.upperBound)
            #expect(placed.endMilliseconds >= placed.startMilliseconds)
            earliest = placed.startMilliseconds
            var before = placed.startMilliseconds
            for word in placed.words {
                #expect(word.startMilliseconds >= before && word.endMilliseconds >= word.startMilliseconds)
                #expect(word.endMilliseconds <= placed.endMilliseconds)
                before = word.startMilliseconds
            }
        }
    }

    private func segment(_ start: Int, _ end: Int, _ text: String, words: [TranscriptWord] = []) -> TranscriptSegment {
        TranscriptSegment(startMilliseconds: start, endMilliseconds: end, text: text, words: words)
    }

    private func word(_ start: Int, _ end: Int, _ text: String) -> TranscriptWord {
        TranscriptWord(startMilliseconds: start, endMilliseconds: end, text: text, probability: 0.9)
    }

    private func spoken(_ start: Int, _ end: Int, _ text: String) -> TranscriptSegment {
        let words = text.split(separator: " ").map(String.init)
        let each = (end - start) / words.count
        return segment(
            start, end, text,
            words: words.enumerated().map { word(start + $0 * each, start + ($0 + 1) * each, $1) })
    }
}

extension TranscriptSegment {
    var times: Range<Int> { startMilliseconds..<endMilliseconds }
}
