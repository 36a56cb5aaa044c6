import STTCore
import Testing

/// What the formats make of channels that were transcribed apart.
@Suite struct ChannelRenderingTests {
    private let call = StoredTranscript(
        on(1, segment(0, 2_000, "Hello, <b>hi</b>.")) + on(2, segment(2_500, 4_000, "Good morning.")), until: 5_000,
        separate: true)

    @Test func `Text has the channel before each line, as the partials have`() {
        #expect(call.direct(.txt) == "[1] Hello, <b>hi</b>.\n[2] Good morning.\n")
        #expect(call.direct(.txt) == call.chunks.map(\.merged.text).joined())
    }

    @Test func `A table has one column more, and only then`() {
        #expect(
            call.direct(.tsv)
                == "start\tend\ttext\tchannel\n0\t2000\tHello, <b>hi</b>.\t1\n2500\t4000\tGood morning.\t2\n")
        #expect(StoredTranscript([], until: 0).direct(.tsv) == "start\tend\ttext\n")
    }

    @Test func `SubRip names the channel, WebVTT gives it a voice`() {
        #expect(
            call.direct(.srt) == """
                1
                00:00:00,000 --> 00:00:02,000
                Channel 1: Hello, <b>hi</b>.

                2
                00:00:02,500 --> 00:00:04,000
                Channel 2: Good morning.


                """)
        #expect(
            call.direct(.vtt) == """
                WEBVTT

                1
                00:00:00.000 --> 00:00:02.000
                <v Channel 1>Hello, &lt;b&gt;hi&lt;/b&gt;.

                2
                00:00:02.500 --> 00:00:04.000
                <v Channel 2>Good morning.


                """)
    }

    @Test func `The channel's name is within the length of a line`() throws {
        let text = "This line is exactly forty-two characters."
        let stored = StoredTranscript(on(1, segment(0, 4_000, text)), until: 5_000, separate: true)
        let lines = try SubtitleParser.parse(stored.direct(.srt)).cues.flatMap(\.lines)
        #expect(lines.count == 2 && lines.allSatisfy { $0.count <= 42 })
        #expect(lines.joined(separator: " ") == "Channel 1: \(text)")
        let narrow = stored.direct(.srt, layout: SubtitleLayout(lineCharacters: 20, lines: 2))
        #expect(narrow.contains("\n1: This"))
    }

    @Test func `When both speak at once no cue hides another, and the later one waits a second at most`() throws {
        let stored = StoredTranscript(
            on(1, spoken(0, 6_000, "I would like to know whether you can deliver the parts by Friday."))
                + on(2, segment(2_000, 2_400, "Of course."), segment(5_000, 8_000, "By Thursday, even.")),
            until: 9_000, separate: true)
        let cues = try SubtitleParser.parse(stored.direct(.srt)).cues
        for (cue, next) in zip(cues, cues.dropFirst()) { #expect(cue.end <= next.start) }
        let course = try #require(cues.first { $0.lines.contains("Channel 2: Of course.") })
        #expect(course.start >= 2_000 && course.start <= 3_000)
        #expect(course.end - course.start >= 700)
    }
}
