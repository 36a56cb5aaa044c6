import Foundation

/// The one PCM format behind the decoder: 16 kHz, signed 16-bit, mixed to one channel or one array per channel.
public enum PCM {
    /// Samples a second of everything that leaves this module.
    public static let sampleRate = 16_000

    /// At most so many channels are kept apart: each is transcribed like a recording of its own.
    public static let maximumSeparateChannels = 8

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

/// A run of consecutive samples at 16 kHz.
public struct PCMBlock: Sendable, Equatable {
    /// Position of the first sample in the whole recording.
    public var startSample: Int
    /// One array, or one per channel where channels are kept apart, all of the same length.
    public var channels: [[Int16]]

    /// The samples of the first channel.
    public var samples: [Int16] { channels.first ?? [] }

    /// Makes a block.
    public init(startSample: Int, channels: [[Int16]]) {
        self.startSample = startSample
        self.channels = channels
    }
}
