extension FittedWindow {
    /// A sign that a result would have been another with the full window. Tuned on 244 chunks of 1 to 28 s, see
    /// docs/ACCURACY.md: most of those that came out spoilt show one, and so does one good chunk in fifty.
    public enum Doubt: String, Sendable, Hashable, CaseIterable {
        /// A second or more of loud audio, or 3.5 s of soft audio, lies under no segment: a sentence is missing.
        case uncovered
        /// A long segment has hardly a word a second: a sentence is missing within it.
        case sparse
        /// A segment begins where the audio has ended: the decoder went on without any.
        case beyondEnd
        /// Words follow themselves at once.
        case repeated
        /// The decoder was guessing.
        case lowProbability
    }

    /// Below this mean log probability of any segment a result is in doubt.
    public static let leastLogProbability = -0.8

    /// Slower speech than a word a second for so long is not known from any recording.
    private static let sparseMilliseconds = 8_000

    private static let frameSamples = 320
    private static let frameMilliseconds = 20
    private static let uncoveredFrames = 50
    private static let softFrames = 175
    private static let repeatedWords = 2...12

    /// Whether a result should be made again with the full window.
    ///
    /// - Parameters:
    ///   - segments: What the engine made of `samples`; times count from their start.
    ///   - samples: At 16 kHz.
    public static func isSuspect(segments: [TranscriptSegment], samples: [Int16]) -> Bool {
        doubt(segments: segments, samples: samples) != nil
    }

    /// The first sign found. O(samples).
    public static func doubt(segments: [TranscriptSegment], samples: [Int16]) -> Doubt? {
        if segments.contains(where: { $0.avgLogProbability < leastLogProbability }) { return .lowProbability }
        let end = samples.count / (ChunkSpan.sampleRate / 1_000)
        // Engines hold times within the audio.
        if segments.contains(where: { $0.startMilliseconds >= end - 50 }) { return .beyondEnd }
        let words = segments.flatMap { RepetitionFinder.words(of: $0.text) }
        if repeatedWords.contains(where: { hasRepetition(words, of: $0) }) { return .repeated }
        if segments.contains(where: isSparse) { return .sparse }
        return hasUncoveredSpeech(segments, samples) ? .uncovered : nil
    }

    private static func isSparse(_ segment: TranscriptSegment) -> Bool {
        let length = segment.endMilliseconds - segment.startMilliseconds
        let words = RepetitionFinder.words(of: segment.text).count
        return length >= sparseMilliseconds && words > 0 && words * 1_000 < length
    }

    /// Whether `length` words follow themselves. One word twice, or four times, is what people say.
    private static func hasRepetition(_ words: [String], of length: Int) -> Bool {
        guard words.count >= 2 * length else { return false }
        return (0...words.count - 2 * length).contains { start in
            let run = words[start..<start + length]
            return Set(run).count > 1 && run.elementsEqual(words[start + length..<start + 2 * length])
        }
    }

    private static func hasUncoveredSpeech(_ segments: [TranscriptSegment], _ samples: [Int16]) -> Bool {
        let powers = framePowers(samples)
        guard let loudest = powers.max() else { return false }
        // 25 dB below the loudest frame, and not below −55 dB of full scale.
        let threshold = max(loudest * 0.003_16, 3.16e-6)
        // A soft speaker after a loud one may be 45 dB softer: whatever is above −70 dB of full scale.
        let softThreshold = 1e-7
        var isCovered = [Bool](repeating: false, count: powers.count)
        for segment in segments {
            let first = max(segment.startMilliseconds / frameMilliseconds, 0)
            let last = min(segment.endMilliseconds / frameMilliseconds, powers.count - 1)
            if first <= last { for frame in first...last { isCovered[frame] = true } }
        }
        var (loud, soft) = (0, 0)
        for (power, isCovered) in zip(powers, isCovered) {
            if isCovered {
                (loud, soft) = (0, 0)
            } else {
                if power > threshold { loud += 1 }
                if power > softThreshold { soft += 1 }
            }
            if loud >= uncoveredFrames || soft >= softFrames { return true }
        }
        return false
    }

    /// Mean squares of 20 ms each, of full scale.
    private static func framePowers(_ samples: [Int16]) -> [Double] {
        stride(from: 0, to: samples.count - samples.count % frameSamples, by: frameSamples).map { start in
            var sum = 0
            for sample in samples[start..<start + frameSamples] { sum += Int(sample) * Int(sample) }
            return Double(sum) / Double(frameSamples) / (32_768 * 32_768)
        }
    }
}
