import STTCore
import Testing

@Suite struct KnownHallucinationsTests {
    private let quality = QualityGuard()

    @Test(arguments: [
        ("Thanks for watching!", KnownHallucinations.Kind.signOff),
        ("Thank you for watching. Please subscribe!", .signOff),
        ("Subtitles by the Amara.org community", .credit), ("Untertitel im Auftrag des ZDF für funk, 2017", .credit),
        ("Untertitelung des ZDF, 2020", .credit), ("Sous-titrage ST' 501", .credit),
        ("Sous-titres réalisés par la communauté d'Amara.org", .credit),
        ("Sottotitoli e revisione a cura di QTSS", .credit), ("Субтитры сделал DimaTorzok", .credit),
        ("ご視聴ありがとうございました", .signOff), ("ご視聴ありがとうございました。", .signOff), ("字幕by索兰娅", .credit),
        ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", .credit), ("Gracias por ver el video", .signOff),
        ("시청해주셔서 감사합니다.", .signOff), ("Продолжение следует...", .signOff), ("Merci d'avoir regardé !", .signOff),
        ("you", .filler), ("Thank you. Thank you.", .filler), ("Bye. Thanks for watching!", .signOff),
        ("www.mooji.org", .credit),
    ])
    func `Phrases that Whisper makes up are known`(text: String, kind: KnownHallucinations.Kind) {
        #expect(KnownHallucinations.kind(of: text) == kind)
    }

    @Test(arguments: [
        "", "...", "Thank you for the tea.", "Thanks for watching the children while I was away.", "You know what?",
        "The film has subtitles.", "Please subscribe to the print edition by Friday.", "Good morning. Thank you.",
        "The amara.org community, founded years ago by people who wanted that everybody could follow every video in "
            + "every language of the world, has translated more than a hundred thousand of them.",
    ])
    func `What people say is not`(text: String) {
        #expect(KnownHallucinations.kind(of: text) == nil)
    }

    @Test(arguments: [
        ("Thanks for watching!", -0.2, 0.02, false), ("Thanks for watching!", -0.8, 0.02, true),
        ("Thanks for watching!", -0.2, 0.7, true), ("Good morning, everyone.", -0.8, 0.7, false),
        ("Subtitles by the Amara.org community", -0.1, 0.01, true), ("Thank you.", -0.2, 0.05, false),
        ("Thank you.", -0.7, 0.05, true),
    ])
    func `A known phrase is flagged where something else speaks against it too`(
        text: String, avg: Double, noSpeech: Double, isFlagged: Bool
    ) {
        let verdict = quality.judge([segment(0, 2_000, text, avg: avg, noSpeech: noSpeech)])
        #expect(verdict.kept.map(\.flags) == [isFlagged ? [.knownHallucination] : []])
        #expect(verdict.dropped.isEmpty)
    }

    @Test func `A short answer among other words is not flagged, however unsure the engine was`() {
        let verdict = quality.judge([
            segment(0, 2_000, "Would you sign here?"), segment(2_000, 3_000, "Thank you.", avg: -0.9),
            segment(9_000, 10_000, "Thank you.", avg: -0.9),
        ])
        #expect(verdict.kept.map(\.flags) == [[], [], [.knownHallucination]])
    }

    @Test func `Noise and faint sound cast doubt on a known phrase`() {
        var random = SeededGenerator(seed: 1)
        let noise = (0..<32_000).map { _ in Int16.random(in: -6_000...6_000, using: &random) }
        let speech = noise.enumerated().map { $0 / 3_200 % 2 == 0 ? $1 : $1 / 20 }
        let said = [segment(0, 2_000, "Thanks for watching!")]
        func flags(_ samples: [Int16]) -> [SegmentFlag] {
            quality.judge(said, levels: AudioLevels(samples, startMilliseconds: 0)).kept.flatMap(\.flags)
        }
        #expect(flags(noise) == [.knownHallucination])
        #expect(flags(speech) == [])
        #expect(flags(speech.map { $0 / 60 }) == [.knownHallucination])
    }

    @Test func `A guess and an impossible rate are flagged, and the flags add up`() {
        let text = "twelve words that nobody on this earth can say in one second"
        let verdict = quality.judge([
            segment(0, 4_000, text, avg: -1.2, noSpeech: 0.3), segment(4_000, 5_000, text),
            segment(5_000, 6_000, text, avg: -1.2), segment(6_000, 6_100, "Yes."),
        ])
        #expect(
            verdict.kept.map(\.flags) == [
                [.lowProbability], [.implausibleRate], [.lowProbability, .implausibleRate], [],
            ])
    }

    @Test func `Marks that nobody speaks are dropped for what they say`() {
        let verdict = quality.judge([segment(0, 1, "[Music]"), segment(1, 2, "( ( ("), segment(2, 9_000, "♪ la la ♪")])
        #expect(verdict.dropped.map(\.reason) == [.marker, .marker])
        #expect(verdict.kept.count == 1)
    }

    @Test func `What was repeated carries a flag once it is collapsed`() {
        let looped = quality.collapsingLoops(
            [spoken(0, 6_000, "I went home. I went home. I went home. I went home. I went home.")]
                + (0..<6).map { segment(6_000 + $0 * 100, 6_100 + $0 * 100, "Then I slept.") }
                + [segment(7_000, 8_000, "No, no, no.")])
        #expect(looped.map(\.flags) == [[.repetition], [.repetition], []])
    }

    @Test(arguments: [
        ("Firefox. Firefox.", true), ("you know you know what", true), ("no no no", true), ("very very good", false),
        ("one two three", false), ("and so my fellow americans and so my fellow americans", true), ("", false),
    ])
    func `An echo is less than a loop`(text: String, isEcho: Bool) {
        #expect((RepetitionFinder.echo(in: RepetitionFinder.words(of: text)) != nil) == isEcho)
    }

    @Test func `Levels tell how much they move and where the sound ends`() throws {
        let loud = [Int16](repeating: 8_000, count: 16_000)
        let soft = [Int16](repeating: 80, count: 16_000)
        let levels = AudioLevels(loud + soft + loud + soft, startMilliseconds: 1_000)
        #expect(levels.milliseconds == 1_000..<5_000)
        #expect(abs(try #require(levels.swing(in: 1_000..<5_000)) - 40) < 0.1)
        #expect(try #require(levels.swing(in: 1_000..<2_000)) < 0.1)
        #expect(levels.swing(in: 1_000..<1_400) == nil)
        #expect(levels.end(ofSoundAbove: -20) == 4_000)
        #expect(levels.end(ofSoundAbove: -5) == nil)
        #expect(abs(try #require(levels.floor(in: 2_000..<3_000)) + 52.2) < 0.1)
    }
}
