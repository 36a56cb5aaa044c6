import Foundation
import STTCore
import Testing

@Suite struct SubtitleTests {
    private func stored(_ segments: [TranscriptSegment], gaps: [TranscriptGap] = []) -> StoredTranscript {
        StoredTranscript([
            MergedChunk(
                index: 0, startMilliseconds: 0, endMilliseconds: segments.last?.endMilliseconds ?? 0,
                segments: segments,
                gaps: gaps)
        ])
    }

    private func check(_ text: String, words: [String]) throws {
        let (cues, _) = try SubtitleParser.parse(text)
        #expect(cues.map(\.number) == Array(1..<(cues.count + 1)))
        var last = 0
        for cue in cues {
            #expect(cue.start >= last && cue.end > cue.start)
            #expect((1...2).contains(cue.lines.count))
            #expect(cue.lines.allSatisfy { !$0.isEmpty })
            last = cue.end
        }
        #expect(cues.flatMap(\.lines).flatMap { $0.split(separator: " ").map(String.init) } == words)
    }

    @Test func `A short segment is one cue`() throws {
        let stored = stored([segment(3_723_004, 3_725_000, "Hello there.")])
        #expect(try stored.text(.srt) == "1\n01:02:03,004 --> 01:02:05,000\nHello there.\n\n")
        #expect(try stored.text(.vtt) == "WEBVTT\n\n1\n01:02:03.004 --> 01:02:05.000\nHello there.\n\n")
    }

    @Test func `Hours go beyond 99`() throws {
        let stored = stored([segment(500_000_000, 500_001_000, "Still here.")])
        #expect(try stored.text(.srt).contains("138:53:20,000 --> 138:53:21,000"))
    }

    @Test func `A longer segment has two lines of like length`() throws {
        let stored = stored([segment(0, 4_000, "Ask not what your country can do for you but what")])
        #expect(try stored.text(.srt).contains("\nAsk not what your country\ncan do for you but what\n"))
    }

    @Test func `A long segment is split at the times of its words`() throws {
        let text = (0..<40).map { "word\($0)" }.joined(separator: " ")
        let stored = stored([spoken(0, 20_000, text)])
        let (cues, _) = try SubtitleParser.parse(try stored.text(.srt))
        #expect(cues.count > 2)
        #expect(cues.flatMap(\.lines).allSatisfy { $0.count <= 42 })
        for cue in cues.dropFirst() {
            let first = try #require(cue.lines[0].split(separator: " ").first)
            let number = try #require(Int(first.dropFirst(4)))
            #expect(cue.start == number * 500)
        }
        #expect(cues.last?.end == 20_000)
    }

    @Test func `What the formats reserve is escaped`() throws {
        let stored = stored([segment(0, 1_000, "a & b <i> 1 --> 2 ---> 3 -> 4")])
        #expect(try stored.text(.vtt).contains("\na &amp; b &lt;i&gt; 1 --&gt; 2 ---&gt; 3 -&gt; 4\n"))
        #expect(try stored.text(.srt).contains("\na & b <i> 1 -> 2 -> 3 -> 4\n"))
    }

    @Test func `A gap is a cue in SubRip and a note in WebVTT, in order of time`() throws {
        let stored = stored(
            [segment(0, 1_000, "before"), segment(5_000, 6_000, "after")], gaps: [gap(900, 5_000), gap(6_000, 7_000)])
        let (cues, _) = try SubtitleParser.parse(try stored.text(.srt))
        #expect(
            cues.map(\.lines) == [
                ["before"], ["[no transcript: engine.crashed]"], ["after"], ["[no transcript: engine.crashed]"],
            ])
        #expect(cues[1].start == 1_000 && cues[1].end == 5_000)
        let (vttCues, notes) = try SubtitleParser.parse(try stored.text(.vtt))
        #expect(vttCues.map(\.lines) == [["before"], ["after"]])
        #expect(notes.count == 2)
    }

    @Test func `Cues never overlap and always last, whatever the segments' times`() throws {
        let stored = stored([
            segment(1_000, 1_000, "a"), segment(1_000, 1_000, "b"), segment(1_000, 1_001, "c"),
            segment(1_001, 3_000, "d"),
        ])
        try check(try stored.text(.srt), words: ["a", "b", "c", "d"])
        try check(try stored.text(.vtt), words: ["a", "b", "c", "d"])
    }

    @Test func `A word longer than a line is cut`() throws {
        let (cues, _) = try SubtitleParser.parse(
            try stored([segment(0, 9_000, String(repeating: "é", count: 200))]).text(.srt))
        #expect(cues.flatMap(\.lines).map(\.count) == [42, 42, 42, 42, 32])
        #expect(cues.count == 3)
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `Random segments keep all words in cues of the allowed shape`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var segments: [TranscriptSegment] = []
        var time = 0
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            let words = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                String(
                    repeating: ["a", "é", "ж", "x"].randomElement(using: &generator) ?? "a",
                    count: .random(in: 1...14, using: &generator))
            }
            let end = time + Int.random(in: 0...9_000, using: &generator)
            let text = words.joined(separator: " ")
            segments.append(Bool.random(using: &generator) ? spoken(time, end, text) : segment(time, end, text))
            time = end
        }
        let words = segments.flatMap { $0.text.split(separator: " ").map(String.init) }
        for format in [TranscriptFormat.srt, .vtt] {
            let text = try stored(segments).text(format)
            try check(text, words: words)
            let (cues, _) = try SubtitleParser.parse(text)
            #expect(cues.flatMap(\.lines).allSatisfy { $0.count <= 42 }, "seed \(seed)")
        }
    }
}
