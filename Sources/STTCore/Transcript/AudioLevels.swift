/// How loud a chunk's audio is from moment to moment: the root mean square of frames, in dB of full scale.
public struct AudioLevels: Sendable, Hashable {
    public static let frameMilliseconds = 20
    /// Of digital silence.
    public static let floorDecibels = -120.0

    /// Of the first frame.
    public let startMilliseconds: Int
    /// The squares' means, of samples from 0 to 1.
    private let powers: [Double]

    /// Measures 16 kHz mono samples. O(n).
    /// - Parameter startMilliseconds: Where they lie on the time scale of the segments to be judged.
    public init(_ samples: some Collection<Int16>, startMilliseconds: Int) {
        self.startMilliseconds = startMilliseconds
        let frame = ChunkSpan.sampleRate * Self.frameMilliseconds / 1000
        var powers: [Double] = []
        var sum = 0.0
        var count = 0
        func power() -> Double { sum / Double(count) / (32_768 * 32_768) }
        for sample in samples {
            sum += Double(sample) * Double(sample)
            count += 1
            if count == frame {
                powers.append(power())
                (sum, count) = (0, 0)
            }
        }
        if count > 0 { powers.append(power()) }
        self.powers = powers
    }

    /// The loudest frame in a stretch of time. `nil` where there is no audio.
    public func peak(in milliseconds: Range<Int>) -> Double? {
        let first = max(0, (milliseconds.lowerBound - startMilliseconds) / Self.frameMilliseconds)
        let last = (milliseconds.upperBound - startMilliseconds + Self.frameMilliseconds - 1) / Self.frameMilliseconds
        guard first < min(last, powers.count), let power = powers[first..<min(last, powers.count)].max() else {
            return nil
        }
        return Self.decibels(power)
    }

    private static func decibels(_ power: Double) -> Double {
        power > 0 ? max(floorDecibels, 10 * Logarithm.base10(power)) : floorDecibels
    }
}
