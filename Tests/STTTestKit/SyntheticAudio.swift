/// Recordings made of noise bursts, as loud as speech, and pauses.
///
/// Loops over samples are written for a build without optimisation, in which each call of a generic function for each of
/// millions of samples took most of the tests' time: concrete types, `while` and pointers.
public enum SyntheticAudio {
    /// Bursts of this length with pauses between them, as a WAV file of 16 kHz mono.
    public static func bursts(_ count: Int, seconds: Double, pause: Double = 0.6) -> [UInt8] {
        var generator = SplitMix(seed: 7)
        var samples: [Int16] = silence(seconds: 0.3)
        let pause = silence(seconds: pause)
        samples.reserveCapacity(samples.count + count * (Int(seconds * 16_000) + pause.count))
        for _ in 0..<count {
            samples += burst(Int(seconds * 16_000), &generator)
            samples += pause
        }
        return wav(samples)
    }

    private static func burst(_ length: Int, _ generator: inout SplitMix) -> [Int16] {
        [Int16](unsafeUninitializedCapacity: length) { buffer, count in
            count = length
            guard let samples = buffer.baseAddress else { return }
            var index = 0
            var phase = 0.0
            while index < length {
                // Syllables of 200 ms, so that the level moves as speech does.
                samples[index] = Int16(6000 * generator.nextAmplitude() * (0.25 + 0.75 * phase / 3200))
                index += 1
                phase = phase < 3199 ? phase + 1 : 0
            }
        }
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
        return bytes + littleEndianBytes(of: samples)
    }

    /// The samples as they are in files.
    public static func littleEndianBytes(of samples: [Int16]) -> [UInt8] {
        guard Int16(1).littleEndian == 1 else {
            return samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        }
        return samples.withUnsafeBytes { [UInt8]($0) }
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
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    /// From -1 to less than 1.
    public mutating func nextAmplitude() -> Double {
        // A number from 2 to less than 4, of 52 random bits.
        Double(bitPattern: next() &>> 12 | 0x4000_0000_0000_0000) - 3
    }
}
