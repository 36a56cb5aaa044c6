import STTTestKit
import Testing

@testable import STTCore

@Suite("Gain control") struct GainControlTests {
    private let gainControl = GainControl()
    private let pause = [Int16](repeating: 0, count: 8_000)

    @Test("a soft voice after a loud one is raised to 10 dB below it, and nothing else is changed")
    func soft() throws {
        let (loud, soft) = (voice(seconds: 2, peak: -12), voice(seconds: 2, peak: -47))
        let levelled = try #require(gainControl.levelled(soft + pause + loud + pause))
        #expect(abs(peak(Array(levelled.prefix(soft.count))) - -22) < 2)
        #expect(Array(levelled.dropFirst(soft.count)) == pause + loud + pause)
    }

    @Test("the gain is 40 dB at most, and what is too loud then is clipped")
    func most() throws {
        let soft = voice(seconds: 1, peak: -65)
        let levelled = try #require(gainControl.levelled(voice(seconds: 1, peak: -3) + pause + soft))
        #expect(abs(peak(Array(levelled.suffix(soft.count))) - -25) < 1)
        var clicks = voice(seconds: 1, peak: -40)
        clicks[300] = 9_000
        let clipped = try #require(gainControl.levelled(voice(seconds: 1, peak: -3) + pause + clicks))
            .suffix(clicks.count)
        #expect(clipped.dropFirst(300).first == .max)
    }

    @Test("what a soft voice fades out into is raised with it, for 0.3 s and no nearer to the next voice than halfway")
    func faded() throws {
        let (loud, soft) = (voice(seconds: 2, peak: -12), voice(seconds: 2, peak: -47))
        let faint = (0..<16_000).map { Int16($0 / 40 % 2 == 0 ? 1 : -1) }
        for (length, raised) in [(16_000, 4_800), (6_400, 3_200)] {
            let levelled = try #require(gainControl.levelled(loud + pause + soft + faint.prefix(length) + loud))
            let fading = levelled.dropFirst(loud.count + pause.count + soft.count).prefix(length)
            #expect(fading.prefix(raised).allSatisfy { abs($0) > 10 })
            #expect(Array(fading.dropFirst(raised)) == Array(faint.prefix(length).dropFirst(raised)))
        }
    }

    @Test("a voice less than 25 dB softer stays as it is")
    func hardlySofter() {
        let samples = voice(seconds: 2, peak: -12) + pause + voice(seconds: 2, peak: -36)
        #expect(gainControl.levelled(samples) == nil)
    }

    @Test("noise stays as soft as it was: in the pauses of a loud voice, after a gate, and for a moment")
    func noise() {
        var generator = SplitMix(seed: 3)
        let steady = (0..<48_000).map { _ in Int16.random(in: -60...60, using: &generator) }
        let loud = voice(seconds: 1, peak: -12)
        for samples in [
            loud + steady + loud, loud + pause + steady + pause + loud, loud + pause + voice(seconds: 0.4, peak: -47),
        ] {
            #expect(gainControl.levelled(samples) == nil)
        }
    }

    @Test("what has one level, or none, stays as it is")
    func even() {
        for samples in [[], [7], pause, voice(seconds: 3, peak: -60)] {
            #expect(gainControl.levelled(samples) == nil)
        }
    }

    /// Noise whose level goes up and down four times a second by 20 dB, as syllables do.
    private func voice(seconds: Double, peak: Double) -> [Int16] {
        var generator = SplitMix(seed: 5)
        let noise = (0..<Int(seconds * 16_000)).map { index in
            let isSyllable = index / 2_000 % 2 == 0
            return Double.random(in: -1...1, using: &generator) * (isSyllable ? 1 : 0.1)
        }
        let unscaled = self.peak(noise.map { Int16($0 * 8_000) })
        var factor = 8_000.0
        for _ in 0..<abs(Int(peak - unscaled)) { factor *= peak < unscaled ? 1 / 1.122 : 1.122 }
        return noise.map { Int16(clamping: Int(($0 * factor).rounded())) }
    }

    private func peak(_ samples: [Int16]) -> Double {
        let levels = AudioLevels(samples, startMilliseconds: 0)
        return levels.peak(in: levels.milliseconds) ?? AudioLevels.floorDecibels
    }
}
