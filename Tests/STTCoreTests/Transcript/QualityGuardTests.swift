import STTCore
import Testing

@Suite struct QualityGuardTests {
    private let quality = QualityGuard()

    @Test(arguments: [
        (0.7, -1.2, true), (0.99, -0.9, false), (0.5, -3.0, false), (0.6, -1.2, false), (0.7, -1.0, false),
    ])
    func `Whisper's own rule needs both figures`(noSpeech: Double, avg: Double, isDropped: Bool) {
        let verdict = quality.judge([segment(0, 1_000, "Thank you.", avg: avg, noSpeech: noSpeech)])
        #expect(verdict.kept.isEmpty == isDropped)
        #expect(verdict.dropped.map(\.reason) == (isDropped ? [.noSpeech] : []))
        #expect(verdict.retry == nil)
    }

    @Test(arguments: [
        "No, no, no.", "no no no no no no no", "one two one two one two one two", "1 2 1 2 1 2 1 2 1 2",
        "Testing, one, two, three, testing, one, two, three, testing, one, two, three.",
        "five five five five five five five five five", "Bye bye. Bye bye. Bye bye.", "", "...", "ha ha ha ha ha ha",
        "row row row your boat gently down the stream merrily merrily merrily merrily life is but a dream",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
            + "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light",
    ])
    func `What people say is no loop`(text: String) {
        #expect(quality.judge([segment(0, 5_000, text)]).retry == nil)
    }

    @Test(arguments: [
        ("the the the the the the the the the", RepetitionFinder.Loop(start: 0, length: 1, count: 9)),
        (
            "well you know you know you know you know you know You know,",
            RepetitionFinder.Loop(start: 1, length: 2, count: 6)
        ),
        (
            "So I went home. I went home. I went home. I went home. I went home.",
            RepetitionFinder.Loop(start: 1, length: 3, count: 5)
        ),
        ("2 2 2 2 2 2 2 2 2 2 2 2", RepetitionFinder.Loop(start: 0, length: 1, count: 12)),
    ])
    func `Words repeated without end are a loop`(text: String, loop: RepetitionFinder.Loop) {
        #expect(quality.judge([segment(0, 5_000, text)]).retry == .repetition(loop))
    }

    @Test func `The same line over and over is a loop`() {
        let line = (0..<5).map { segment($0 * 1_000, $0 * 1_000 + 1_000, "Thanks for watching!") }
        #expect(quality.judge(line).retry == .repeatedSegments(5))
        #expect(quality.judge(Array(line.prefix(4))).retry == nil)
    }

    @Test func `A text that compresses too well is tried again`() {
        let sentence =
            "we went down to the river and then we saw all of the boats that were there in the morning light "
        let verdict = quality.judge([segment(0, 9_000, String(repeating: sentence, count: 4))])
        guard case .compression(let ratio) = verdict.retry else {
            Issue.record("\(String(describing: verdict.retry))")
            return
        }
        #expect(ratio > 2.4)
        #expect(ratio == verdict.compressionRatio)
    }

    @Test func `Dropped segments do not count as loops`() {
        let line = (0..<9).map {
            segment($0 * 1_000, $0 * 1_000 + 1_000, "Thank you very much.", avg: -2, noSpeech: 0.9)
        }
        let verdict = quality.judge(line)
        #expect(verdict.kept.isEmpty && verdict.dropped.count == 9 && verdict.retry == nil)
    }

    @Test func `A segment over silence is dropped and one beside speech is not`() {
        let samples = [Int16](repeating: 0, count: 16_000 * 5) + (0..<16_000).map { Int16($0 % 50 * 100) }
        let levels = AudioLevels(samples, startMilliseconds: 10_000)
        let verdict = quality.judge(
            [segment(10_000, 12_000, "Thank you."), segment(14_600, 14_800, "Hello")], levels: levels)
        #expect(verdict.kept.map(\.text) == ["Hello"])
        #expect(verdict.dropped.map(\.reason) == [.silentAudio])
    }

    @Test func `A segment outside the audio is not judged by its level`() {
        let levels = AudioLevels([Int16](repeating: 0, count: 1_600), startMilliseconds: 0)
        #expect(quality.judge([segment(5_000, 6_000, "Hello")], levels: levels).kept.count == 1)
    }

    @Test(arguments: [(Int16(32_767), 0.0), (3_277, -20), (328, -40), (33, -60), (0, -120)])
    func `Levels are in decibels of full scale`(amplitude: Int16, decibels: Double) throws {
        let levels = AudioLevels([Int16](repeating: amplitude, count: 1_000), startMilliseconds: 0)
        #expect(abs(try #require(levels.peak(in: 0..<60)) - decibels) < 0.1)
        #expect(levels.peak(in: 100..<200) == nil)
        #expect(levels.peak(in: -200 ..< -100) == nil)
    }

    @Test func `Collapsing keeps what is repeated once`() {
        let looped = quality.collapsingLoops(
            [spoken(0, 6_000, "So I went home. I went home. I went home. I went home. I went home. Then I slept.")]
                + (0..<6).map { segment(6_000 + $0 * 100, 6_100 + $0 * 100, "Thank you so much.") }
                + [segment(7_000, 8_000, "No, no, no.")])
        #expect(looped.map(\.text) == ["So I went home. Then I slept.", "Thank you so much.", "No, no, no."])
        #expect(looped[0].endMilliseconds == 6_000)
        #expect(looped[0].words.count == 7)
        #expect(quality.judge(looped).retry == nil)
    }
}
