import Foundation
import STTRig
import STTTestKit

/// Clips of known words joined at known times.
struct Timeline {
    struct Clip {
        /// Where it is first heard, in seconds.
        var onset: Double
        var words: [String]
    }

    var clips: [Clip] = []
    var samples: [Int16] = []

    private static let texts = [
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
        "he was not an ill disposed young man",
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
        "had he married a more amiable woman he might have been made still more respectable than he was",
        "he might even have been made amiable himself",
    ]

    /// Joins clips in turns, in a shuffled order, with pauses of half a second to 30 s, as the seed has it.
    init(seconds: Double, seed: UInt64) async throws {
        var sources: [(samples: [Int16], text: String)] = []
        for (clip, text) in zip(try Recordings.clips(), Self.texts) {
            sources.append((clip[44...].pairs.map { Int16(littleEndian: $0) }, text))
        }
        if let jfk = Recordings.jfk { sources.append((try await Samples.read(jfk), CodecTests.words)) }
        var random = SplitMix(seed: seed)
        samples = Self.pause(1, &random)
        while Double(samples.count) / 16_000 < seconds {
            for source in sources.shuffled(using: &random) {
                let onset = Double(samples.count) / 16_000 + Samples.onset(of: source.samples)
                clips.append(Clip(onset: onset, words: EnglishNormaliser.words(of: source.text)))
                samples += source.samples + Self.pause(Self.pauseSeconds(&random), &random)
            }
        }
    }

    /// Half of them short.
    private static func pauseSeconds(_ random: inout SplitMix) -> Double {
        Double.random(in: Bool.random(using: &random) ? 0.5...4 : 4...30, using: &random)
    }

    /// As a quiet room: about -80 dB.
    private static func pause(_ seconds: Double, _ random: inout SplitMix) -> [Int16] {
        (0..<Int(seconds * 16_000)).map { _ in Int16.random(in: -5...5, using: &random) }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var pairs: [Int16] {
        stride(from: startIndex, to: endIndex - 1, by: 2).map {
            Int16(bitPattern: UInt16(self[$0]) | UInt16(self[$0 + 1]) << 8)
        }
    }
}

/// How far times are from the truth, in seconds.
struct TimeErrors: CustomStringConvertible {
    private(set) var errors: [(at: Double, error: Double)] = []

    mutating func note(_ start: Double, truth: Double) { errors.append((truth, start - truth)) }

    var shareWithinHalfASecond: Double {
        Double(errors.count { abs($0.error) <= 0.5 }) / Double(max(errors.count, 1))
    }
    var worst: Double { errors.map { abs($0.error) }.max() ?? 0 }

    /// By how much the error grows over the whole recording: the slope of the line through the errors times its length.
    var drift: Double {
        let count = Double(errors.count)
        guard count > 2 else { return 0 }
        let (time, error) = (errors.reduce(0) { $0 + $1.at } / count, errors.reduce(0) { $0 + $1.error } / count)
        let product = errors.reduce(0) { $0 + ($1.at - time) * ($1.error - error) }
        let square = errors.reduce(0) { $0 + ($1.at - time) * ($1.at - time) }
        return product / square * ((errors.last?.at ?? 0) - (errors.first?.at ?? 0))
    }

    var description: String {
        let median = errors.map(\.error).sorted()[errors.count / 2]
        return String(
            format: "%d times, %.0f %% within 0.5 s, median %+.2f s, worst %.2f s, drift %+.2f s", errors.count,
            100 * shareWithinHalfASecond, median, worst, drift)
            + errors.filter { abs($0.error) > 0.5 }.map { String(format: "; %+.2f at %.1f s", $0.error, $0.at) }
            .joined()
    }
}
