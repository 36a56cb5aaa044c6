import Foundation

/// The one PCM format behind the decoder: 16 kHz, mono, signed 16-bit.
public enum PCM {
    /// Samples a second of everything that leaves this module.
    public static let sampleRate = 16_000

    /// The time of a sample position.
    public static func duration(ofSamples samples: Int) -> Duration {
        .microseconds(Int64(samples) * 1_000_000 / Int64(sampleRate))
    }

    /// The loudest sample of all channels, in dB relative to full scale, at least -100.
    static func peakDBFS(_ channels: [[Int16]]) -> Double {
        let loudest = channels.reduce(0) { max($0, PCM.peak($1)) }
        return loudest == 0 ? -100 : max(20 * log10(Double(loudest) / 32768), -100)
    }

    /// The largest magnitude of the samples.
    static func peak(_ samples: some Sequence<Int16>) -> Int {
        var (lowest, highest): (Int16, Int16) = (0, 0)
        for sample in samples {
            lowest = min(lowest, sample)
            highest = max(highest, sample)
        }
        return max(-Int(lowest), Int(highest))
    }
}

/// A run of consecutive samples, 16 kHz mono.
public struct PCMBlock: Sendable, Equatable {
    /// Position of the first sample in the whole recording.
    public var startSample: Int
    /// The samples.
    public var samples: [Int16]

    /// Makes a block.
    public init(startSample: Int, samples: [Int16]) {
        self.startSample = startSample
        self.samples = samples
    }
}
