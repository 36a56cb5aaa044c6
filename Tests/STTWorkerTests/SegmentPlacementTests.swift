import STTCore
import STTTestKit
import Testing

@testable import STTWorker

@Suite struct SegmentPlacementTests {
    /// 10.0 to 13.2 s, 75.0 to 78.0 s and 100.0 to 104.0 s of the recording.
    private let map = SpliceMap([160_000..<211_200, 1_200_000..<1_248_000, 1_600_000..<1_664_000])

    @Test func `One piece moves all times by its start`() {
        let placed = place(
            [spoken(100, 2_100, "one two"), segment(2_100, 9_000, "three")], SpliceMap([160_000..<320_000]))
        #expect(placed[0].times == 10_100..<12_100)
        #expect(placed[0].words.map(\.startMilliseconds) == [10_100, 11_100])
        #expect(placed[1].times == 12_100..<19_000)
    }

    @Test(arguments: [
        (0, 2_900, 10_000, 12_900), (0, 3_200, 10_000, 13_200), (3_200, 6_200, 75_000, 78_000),
        (3_300, 6_250, 75_100, 78_000), (6_200, 10_200, 100_000, 104_000), (7_000, 99_999, 100_800, 104_000),
    ])
    func `A segment within a piece stays within it`(start: Int, end: Int, from: Int, to: Int) {
        #expect(place([segment(start, end, "words")])[0].times == from..<to)
    }

    @Test func `A start shortly before a splice belongs to what comes after it`() {
        #expect(place([segment(3_000, 5_500, "words")])[0].times == 75_000..<77_300)
    }

    @Test func `An end shortly after a splice belongs to what comes before it`() {
        #expect(place([segment(500, 3_400, "words")])[0].times == 10_500..<13_200)
    }

    @Test func `A word that times put on the wrong side of a splice goes where its sentence is`() {
        // The splice is at 3.2 s; "he" and "said" would begin 62 s early.
        let placed = place([spoken(0, 6_000, "that was all. he said no more of it.")])
        #expect(placed.map(\.text) == ["that was all.", "he said no more of it."])
        #expect(placed[0].endMilliseconds <= 13_200)
        #expect(placed[1].startMilliseconds == 75_000)
        #expect(placed.flatMap(\.words).map(\.text).joined(separator: " ") == "that was all. he said no more of it.")
        #expect(placed[1].words.allSatisfy { $0.startMilliseconds >= 75_000 })
    }

    @Test func `A title before a name ends no sentence`() {
        let placed = place([spoken(1_200, 6_000, "that is all, and Mr. John had then leisure to consider.")])
        #expect(placed.map(\.text) == ["that is all,", "and Mr. John had then leisure to consider."])
    }

    @Test func `A segment stays one where hardly anything was cut out`() {
        let map = SpliceMap([160_000..<211_200, 220_000..<268_000])
        let placed = place([spoken(0, 6_200, "one two three, four five six")], map)
        #expect(placed.map(\.text) == ["one two three, four five six"])
        #expect(placed[0].times == 10_000..<16_750)
        #expect(placed[0].words[3].startMilliseconds == 13_750)
    }

    @Test func `A segment without word times is divided by the length of its text`() {
        let placed = place([segment(500, 9_500, "aaaa aaaa. bbbb bbbb bbbb. cccc cccc")])
        #expect(placed.map(\.text) == ["aaaa aaaa.", "bbbb bbbb bbbb.", "cccc cccc"])
        #expect(placed.map(\.startMilliseconds) == [10_500, 75_000, 100_900])
        #expect(placed.allSatisfy { $0.words.isEmpty })
    }

    @Test func `Times are drawn to where sound begins and ends`() {
        let samples =
            Sound.silence(400) + Sound.loud(2_200) + Sound.silence(1_000) + Sound.loud(2_000) + Sound.silence(600)
        let levels = AudioLevels(samples + Sound.loud(4_000), startMilliseconds: 0)
        let placed = place(
            [segment(0, 3_000, "one."), segment(3_000, 6_000, "two."), segment(7_100, 10_200, "three.")], levels: levels
        )
        #expect(placed.map(\.times) == [10_400..<12_600, 75_400..<77_400, 100_000..<104_000])
    }

    @Test func `A click before the words is not their beginning`() {
        let samples = Sound.silence(200) + Sound.loud(40) + Sound.silence(160) + Sound.loud(2_800)
        let levels = AudioLevels(samples + Sound.loud(7_000), startMilliseconds: 0)
        #expect(place([segment(0, 3_000, "one.")], levels: levels)[0].startMilliseconds == 10_400)
    }

    @Test func `No answer of an engine overflows`() {
        let wild = segment(Int.min, Int.max, "words", words: [word(Int.max, Int.min, "words")])
        #expect(map.extent.contains(place([wild])[0].startMilliseconds))
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
        let placed = place(segments, SpliceMap(pieces))
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
        for placed in place(segments, map) {
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

    private func place(
        _ segments: [TranscriptSegment], _ map: SpliceMap? = nil, levels: AudioLevels? = nil
    ) -> [TranscriptSegment] {
        SegmentPlacement(map: map ?? self.map, levels: levels).recording(segments)
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

private enum Sound {
    static func loud(_ milliseconds: Int) -> [Int16] { [Int16](repeating: 6_000, count: milliseconds * 16) }
    static func silence(_ milliseconds: Int) -> [Int16] { [Int16](repeating: 20, count: milliseconds * 16) }
}
