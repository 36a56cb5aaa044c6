/// How loud a chunk's audio is from moment to moment: the root mean square of frames, in dB of full scale.
public struct AudioLevels: Sendable, Hashable {
    public static let frameMilliseconds = 20
    /// Of digital silence.
    public static let floorDecibels = -120.0

    /// Of the first frame.
    public let startMilliseconds: Int
    /// The squares' means, of samples from 0 to 1.
    let powers: [Double]

    /// Measures 16 kHz mono samples. O(n).
    /// - Parameter startMilliseconds: Where they lie on the time scale of the segments to be judged.
    public init(_ samples: [Int16], startMilliseconds: Int) {
        self.startMilliseconds = startMilliseconds
        let frame = ChunkSpan.sampleRate * Self.frameMilliseconds / 1000
        powers = stride(from: 0, to: samples.count, by: frame).map { start in
            let frame = samples[start..<min(start + frame, samples.count)]
            // Whole numbers: at most 320 squares of 30 bits.
            let sum = frame.reduce(0) { $0 + Int($1) * Int($1) }
            return Double(sum) / Double(frame.count) / (32_768 * 32_768)
        }
    }

    /// The loudest frame in a stretch of time. `nil` where there is no audio.
    public func peak(in milliseconds: Range<Int>) -> Double? {
        powers[frames(in: milliseconds)].max().map(Self.decibels)
    }

    /// How much the level moves in a stretch of time: dB between the frames at its 90th and at its 10th percentile.
    /// `nil` where there is less than half a second of audio.
    public func swing(in milliseconds: Range<Int>) -> Double? {
        let frames = frames(in: milliseconds)
        guard frames.count >= 500 / Self.frameMilliseconds else { return nil }
        let sorted = powers[frames].sorted()
        return Self.decibels(sorted[sorted.count * 9 / 10]) - Self.decibels(sorted[sorted.count / 10])
    }

    /// The level that nine in ten frames exceed. `nil` where there is no audio.
    public func floor(in milliseconds: Range<Int>) -> Double? {
        let sorted = powers[frames(in: milliseconds)].sorted()
        return sorted.isEmpty ? nil : Self.decibels(sorted[sorted.count / 10])
    }

    /// The end of the last frame that is at least this loud, in milliseconds.
    public func end(ofSoundAbove decibels: Double) -> Int? {
        powers.lastIndex { Self.decibels($0) >= decibels }.map {
            startMilliseconds + ($0 + 1) * Self.frameMilliseconds
        }
    }

    /// Of all the audio.
    public var milliseconds: Range<Int> {
        startMilliseconds..<startMilliseconds + powers.count * Self.frameMilliseconds
    }

    var frameCount: Int { powers.count }

    func decibels(ofFrame frame: Int) -> Double { Self.decibels(powers[frame]) }

    func frames(in milliseconds: Range<Int>) -> Range<Int> {
        let first = max(0, (milliseconds.lowerBound - startMilliseconds) / Self.frameMilliseconds)
        let last = (milliseconds.upperBound - startMilliseconds + Self.frameMilliseconds - 1) / Self.frameMilliseconds
        let end = max(0, min(last, powers.count))
        return min(first, end)..<end
    }

    private static func decibels(_ power: Double) -> Double {
        power > 0 ? max(floorDecibels, 10 * Logarithm.base10(power)) : floorDecibels
    }
}
