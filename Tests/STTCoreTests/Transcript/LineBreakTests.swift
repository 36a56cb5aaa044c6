import STTCore
import Testing

/// Where subtitles are broken, and how long they are shown.
@Suite struct LineBreakTests {
    private func cues(
        _ segments: TranscriptSegment..., until end: Int = 60_000, language: String? = "en",
        layout: SubtitleLayout = .standard
    ) throws -> [ParsedCue] {
        let stored = StoredTranscript(segments, until: end, language: language)
        return try SubtitleParser.parse(stored.direct(.srt, layout: layout)).cues
    }

    private func lines(
        _ text: String, language: String? = "en", layout: SubtitleLayout = .standard
    ) throws -> [[String]] {
        try cues(segment(0, 5_000, text), language: language, layout: layout).map(\.lines)
    }

    @Test(arguments: [
        ("When the bell rang, everybody left the room quickly.", "When the bell rang,"),
        ("The committee agreed on the plan and nobody objected", "The committee agreed on the plan"),
        ("She wants to talk about a very important matter today", "She wants to talk"),
        ("He said he would never go back to the old house", "He said he would never go back"),
        ("They gave the prize to President Abraham Lincoln himself", "They gave the prize"),
        ("Is that so? I had no idea that he was in the city.", "Is that so?"),
        ("My friend Dr. Watson will tell you the whole story now", "My friend Dr. Watson will tell"),
    ])
    func `A line ends where a reader pauses`(text: String, first: String) throws {
        let lines = try lines(text)
        #expect(lines.count == 1 && lines.first?.count == 2)
        #expect(lines.first?.first == first)
    }

    @Test(arguments: [
        ("de", "Wir haben gestern beschlossen dass niemand mehr kommen darf", "dass"),
        ("fr", "Nous avons finalement décidé hier parce que personne ne venait", "parce"),
        ("es", "Los vecinos decidieron esperar porque nadie quería salir", "porque"),
        ("it", "Abbiamo deciso di restare tutti perché nessuno voleva uscire", "perché"),
        ("pt", "Resolvemos esperar mais um pouco porque ninguém queria sair", "porque"),
        ("nl", "Wij hebben gisteren besloten omdat niemand meer wilde komen", "omdat"),
    ])
    func `Other languages break before their conjunctions`(language: String, text: String, second: String) throws {
        let lines = try lines(text, language: language)
        #expect(lines.count == 1 && lines.first?.count == 2 && lines.first?.last?.hasPrefix(second) == true, "\(lines)")
    }

    @Test func `Of a language without lists the lines are of like length`() throws {
        let text = "minä olen tänään kotona ja odotan sinua täällä iltaan"
        let lines = try lines(text, language: "fi")
        #expect(lines == [["minä olen tänään kotona ja", "odotan sinua täällä iltaan"]])
        #expect(try self.lines(text, language: nil) == lines)
    }

    @Test func `A text that fits stays on one line`() throws {
        #expect(
            try lines("Well, I never thought I would see you here") == [["Well, I never thought I would see you here"]])
    }

    @Test func `Full-width characters count two, and no line begins with a small kana or a closing mark`() throws {
        let text = "今日はとても良い天気ですね。散歩に行きましょうか、それとも家でゆっくりしましょうか。ちょっと待ってください。"
        for limit in [12, 20, 26, 42] {
            let all = try cues(
                segment(0, 9_000, text), language: "ja", layout: SubtitleLayout(lineCharacters: limit, lines: 2)
            ).flatMap(\.lines)
            #expect(all.joined() == text)
            #expect(all.allSatisfy { $0.count * 2 <= limit })
            #expect(!all.contains { "ゃゅょっー。、".contains($0.first ?? "あ") })
        }
    }

    @Test func `Latin words among Chinese ones are not cut`() throws {
        let text = "我们昨天在GitHub上看到了stt-rpc这个项目，觉得它很有意思，所以决定试一试Whisper"
        let all = try cues(
            segment(0, 9_000, text), language: "zh", layout: SubtitleLayout(lineCharacters: 16, lines: 1)
        ).flatMap(\.lines)
        #expect(all.joined() == text)
        for word in ["GitHub", "stt-rpc", "Whisper"] { #expect(all.contains { $0.contains(word) }, "\(all)") }
    }

    @Test func `The layout sets characters and lines`() throws {
        let text = (0..<30).map { "word\($0)" }.joined(separator: " ")
        for (characters, lines) in [(10, 1), (20, 3), (32, 1), (37, 2), (120, 4)] {
            let cues = try cues(
                spoken(0, 15_000, text), layout: SubtitleLayout(lineCharacters: characters, lines: lines))
            #expect(cues.allSatisfy { $0.lines.count <= lines })
            #expect(cues.flatMap(\.lines).allSatisfy { $0.count <= characters })
            #expect(cues.flatMap(\.lines).joined(separator: " ") == text)
        }
    }

    @Test func `A long sentence is divided between its clauses rather than filled up`() throws {
        let cues = try cues(
            spoken(
                0, 8_000,
                "We looked for the key in every room of the house, but in the end it was my brother who had taken it."))
        #expect(cues.count == 2)
        #expect(cues.first?.lines.last?.hasSuffix("house,") == true, "\(cues)")
    }

    @Test func `Slow speech is divided, and no text stays longer than seven seconds`() throws {
        let slow = try cues(spoken(0, 14_000, "one two three four five six"))
        #expect(slow.count > 1)
        #expect(slow.allSatisfy { $0.end - $0.start <= 7_000 })
        let alone = try cues(segment(0, 20_000, "Hello."))
        #expect(alone.map { [$0.start, $0.end] } == [[0, 7_000]])
    }

    @Test func `A long silence within a segment is between two cues`() throws {
        var words = spoken(0, 1_000, "Wait a").words
        words += spoken(4_000, 5_000, "moment please").words
        let cues = try cues(segment(0, 5_000, "Wait a moment please", words: words))
        #expect(cues.map(\.lines) == [["Wait a"], ["moment please"]])
        #expect(cues.last?.start == 4_000)
    }

    @Test func `A short cue stays for a second where there is room, and no longer than the recording`() throws {
        let cues = try cues(segment(0, 200, "Yes."), segment(5_000, 5_300, "No."), until: 5_600)
        #expect(cues.map { [$0.start, $0.end] } == [[0, 1_000], [5_000, 5_600]])
    }

    @Test func `Hasty speech stays until it can be read or until something else is said`() throws {
        let text = "I think that we should really go home now, my dear."
        let cues = try cues(segment(0, 1_000, text), segment(10_000, 11_000, text), segment(12_000, 13_000, "Oh."))
        try #require(cues.count == 3)
        #expect(cues[0].end == text.count * 1000 / 17)
        #expect(cues[1].end == 12_000)
    }

    @Test func `A cue without room gets most of a second from the next one`() throws {
        let cues = try cues(segment(1_000, 1_100, "Yes."), segment(1_100, 5_000, "I can see that quite well."))
        #expect(cues.map { [$0.start, $0.end] } == [[1_000, 1_500], [1_500, 5_000]])
    }
}
