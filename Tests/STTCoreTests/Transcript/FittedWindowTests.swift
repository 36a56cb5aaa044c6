import STTCore
import Testing

@Suite struct FittedWindowTests {
    @Test(arguments: [
        (0.0, 512), (5, 512), (9.7, 512), (9.8, 768), (14.8, 768), (19.9, 1024), (20, 1280),
        (25.1, 1280),
    ])
    func `Sizes are multiples of 256 that hold the audio and half a second`(seconds: Double, positions: Int) {
        #expect(FittedWindow.positions(sampleCount: Int(seconds * 16_000)) == positions)
    }

    @Test(arguments: [25.2, 28, 30, 100]) func `Audio that nearly fills the window gets all of it`(seconds: Double) {
        #expect(FittedWindow.positions(sampleCount: Int(seconds * 16_000)) == nil)
        #expect(FittedWindow.positions(sampleCount: FittedWindow.largestSampleCount) == FittedWindow.largestPositions)
        #expect(FittedWindow.positions(sampleCount: FittedWindow.largestSampleCount + 1) == nil)
    }

    @Test func `A result that covers the audio is not in doubt`() {
        let segments = [segment("One two three.", 0, 4_000), segment("Four, five, four, six.", 4_100, 7_900)]
        #expect(FittedWindow.doubt(segments: segments, samples: noise(seconds: 8)) == nil)
        #expect(!FittedWindow.isSuspect(segments: segments, samples: noise(seconds: 8)))
    }

    @Test func `Loud audio without words is in doubt, quiet audio is not`() {
        let start = [segment("Firefox.", 0, 1_000)]
        #expect(FittedWindow.doubt(segments: start, samples: noise(seconds: 14)) == .uncovered)
        let quietEnd = noise(seconds: 1) + noise(seconds: 13, amplitude: 5)
        #expect(FittedWindow.doubt(segments: start, samples: quietEnd) == nil)
        #expect(FittedWindow.doubt(segments: [], samples: noise(seconds: 2)) == .uncovered)
        #expect(FittedWindow.doubt(segments: [], samples: [Int16](repeating: 0, count: 32_000)) == nil)
        #expect(FittedWindow.doubt(segments: [], samples: []) == nil)
        let hole = [segment("One.", 0, 2_000), segment("Two.", 4_000, 6_000)]
        #expect(FittedWindow.doubt(segments: hole, samples: noise(seconds: 6)) == .uncovered)
    }

    @Test func `Few words over many seconds are in doubt, a slow reader is not`() {
        let samples = noise(seconds: 24)
        let few = [segment("I came to the door.", 0, 23_800)]
        #expect(FittedWindow.doubt(segments: few, samples: samples) == .sparse)
        let slow = (0..<8).map { segment("Ask not what you can.", $0 * 3_000, $0 * 3_000 + 3_000) }
        #expect(FittedWindow.doubt(segments: slow, samples: samples) != .sparse)
    }

    @Test func `Words after the end of the audio are in doubt`() {
        let segments = [segment("They followed closely.", 0, 4_200), segment("They followed.", 4_200, 4_200)]
        #expect(FittedWindow.doubt(segments: segments, samples: noise(seconds: 4.2)) == .beyondEnd)
    }

    @Test func `Words that follow themselves are in doubt, one word said twice is not`() {
        let samples = noise(seconds: 3)
        func doubt(_ text: String) -> FittedWindow.Doubt? {
            FittedWindow.doubt(segments: [segment(text, 0, 3_000)], samples: samples)
        }
        #expect(doubt("and all nations, and all nations.") == .repeated)
        #expect(doubt("In being modern. In being modern.") == .repeated)
        #expect(doubt("no, no, no, no, that is very very good") == nil)
    }

    @Test func `A result that the decoder guessed is in doubt`() {
        let guessed = segment("Perhaps.", 0, 2_000, logProbability: -0.9)
        #expect(FittedWindow.doubt(segments: [guessed], samples: noise(seconds: 2)) == .lowProbability)
    }

    private func segment(_ text: String, _ start: Int, _ end: Int, logProbability: Double = -0.2) -> TranscriptSegment {
        TranscriptSegment(
            startMilliseconds: start, endMilliseconds: end, text: text, avgLogProbability: logProbability,
            noSpeechProbability: 0.01, words: [])
    }

    private func noise(seconds: Double, amplitude: Int16 = 3_000) -> [Int16] {
        (0..<Int(seconds * 16_000)).map { $0 % 7 < 3 ? amplitude : -amplitude }
    }
}
