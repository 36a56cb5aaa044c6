import STTCore
import Testing

@Suite struct LyricsTests {
    @Test func `What the file is comes first, then a line for each segment`() {
        var stored = StoredTranscript(
            [segment(0, 2_000, "Hello there."), segment(3_723_456, 3_725_000, "An hour later.")], until: 3_726_400)
        stored.header.filename = "talk [final].wav"
        #expect(
            stored.direct(.lrc) == """
                [ti:talk (final).wav]
                [length:62:06]
                [by:stt-rpc]

                [00:00.00]Hello there.
                [62:03.45]An hour later.

                """)
    }

    @Test func `Words have their times where they were asked for`() {
        var stored = StoredTranscript(
            [spoken(1_000, 3_000, "Hello there."), segment(4_000, 5_000, "Untimed words.")], until: 5_000)
        #expect(stored.direct(.lrc).contains("\n[00:01.00]Hello there.\n"))
        stored.header.options.wordTimestamps = true
        #expect(
            stored.direct(.lrc).contains(
                "\n[00:01.00]<00:01.00>Hello <00:02.00>there.<00:03.00>\n[00:04.00]Untimed words.\n"))
    }

    @Test func `Words of a script without spaces stay together`() {
        let words = [(0, "今日"), (500, "は"), (800, "良い")].map {
            TranscriptWord(startMilliseconds: $0.0, endMilliseconds: $0.0 + 300, text: $0.1, probability: 1)
        }
        var stored = StoredTranscript([segment(0, 1_100, "今日は良い", words: words)], until: 2_000)
        stored.header.options.wordTimestamps = true
        #expect(stored.direct(.lrc).contains("<00:00.00>今日<00:00.50>は<00:00.80>良い<00:01.10>\n"))
    }

    @Test func `A text's own bracket is no tag, channels are named, and more than 99 minutes are minutes`() {
        let stored = StoredTranscript(
            on(2, segment(36_000_000, 36_001_000, "Ten hours."))
                + [segment(36_002_000, 36_003_000, "[laughs] Indeed.")], until: 36_004_000, separate: true)
        let text = stored.direct(.lrc)
        #expect(text.contains("\n[600:00.00]Channel 2: Ten hours.\n"))
        #expect(text.contains("\n[600:02.00] [laughs] Indeed.\n"))
    }

    @Test func `Times never go back`() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var time = 0
            let segments = (0..<40).map { _ in
                let start = time + Int.random(in: 0...200_000, using: &generator)
                time = start + Int.random(in: 0...9_000, using: &generator)
                return segment(start, time, "x")
            }
            let lines = StoredTranscript(segments, until: time).direct(.lrc).split(separator: "\n").dropFirst(3)
            let times = try lines.map { line in
                let parts = line.dropFirst().prefix { $0 != "]" }.split { ":.".contains($0) }.compactMap { Int($0) }
                try #require(parts.count == 3 && parts[1] < 60 && parts[2] < 100)
                return (parts[0] * 60 + parts[1]) * 100 + parts[2]
            }
            #expect(times == segments.map { $0.startMilliseconds / 10 })
        }
    }
}
