/// Recordings made of noise bursts, as loud as speech, and pauses.
public enum SyntheticAudio {
    /// Bursts of this length with pauses between them, as a WAV file of 16 kHz mono.
    public static func bursts(_ count: Int, seconds: Double, pause: Double = 0.6) -> [UInt8] {
        var generator = SplitMix(seed: 7)
        var samples: [Int16] = silence(seconds: 0.3)
        for _ in 0..<count {
            let length = Int(seconds * 16_000)
            samples += (0..<length).map { index in
                // Syllables of 200 ms, so that the level moves as speech does.
                let swell = 0.25 + 0.75 * Double(index % 3200) / 3200
                return Int16(Double.random(in: -6000...6000, using: &generator) * swell)
            }
            samples += silence(seconds: pause)
        }
        return wav(samples)
    }

    public static func silence(seconds: Double) -> [Int16] {
        [Int16](repeating: 0, count: Int(seconds * 16_000))
    }

    /// A WAV file of 16-bit mono samples.
    public static func wav(_ samples: [Int16], sampleRate: Int = 16_000) -> [UInt8] {
        let size = samples.count * 2
        var bytes: [UInt8] = []
        func append(_ text: String) { bytes += Array(text.utf8) }
        func append(_ value: Int, bytes count: Int) {
            for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
        }
        append("RIFF")
        append(36 + size, bytes: 4)
        append("WAVEfmt ")
        append(16, bytes: 4)
        append(1, bytes: 2)
        append(1, bytes: 2)
        append(sampleRate, bytes: 4)
        append(sampleRate * 2, bytes: 4)
        append(2, bytes: 2)
        append(16, bytes: 2)
        append("data")
        append(size, bytes: 4)
        for sample in samples { append(Int(sample), bytes: 2) }
        return bytes
    }
}

/// A generator whose sequence its seed decides.
///
/// Source: Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
