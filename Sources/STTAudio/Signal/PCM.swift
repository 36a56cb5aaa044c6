/// The one PCM format behind the decoder: 16 kHz, mono, signed 16-bit.
public enum PCM {
    /// Samples a second of everything that leaves this module.
    public static let sampleRate = 16_000

    /// The time of a sample position.
    public static func duration(ofSamples samples: Int) -> Duration {
        .microseconds(Int64(samples) * 1_000_000 / Int64(sampleRate))
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
