/// How a recording is cut into chunks. All lengths are in seconds.
public struct SegmenterConfiguration: Sendable, Equatable, Codable {
    /// What counts as sound worth keeping, and where cuts are looked for.
    public enum Mode: String, Sendable, Codable {
        /// Keeps what a speech detector says is speech: give its verdicts with ``AudioSegmenter/push(_:)-(SpeechWindow)``.
        /// Pauses are shortened; cuts are made in the best pause before the chunk would become too long.
        case speech
        /// Keeps what is above the noise. A chunk ends at a long silence, else in the best pause before it would become too
        /// long.
        case silence
        /// As `silence`, but at the best point within 1.5 s of a fixed length.
        case fixed
    }

    /// What is kept, and where cuts are looked for.
    public var mode: Mode
    /// `speech`, `silence`: the longest chunk. `fixed`: the usual length. 5…29.
    public var targetSeconds: Double
    /// `speech`, `silence`: try to end the first chunk at 8…12 s, so that the first result comes early.
    public var shortFirstChunk: Bool
    /// `speech`, `silence`: divide a long last chunk, so that two engines can end the recording sooner. Not
    /// with `targetSeconds` below 20.
    public var dividesLastChunk: Bool
    /// `silence`, `fixed`: silence of at least this length ends a chunk and is left out. 1…10.
    public var longSilenceSeconds: Double
    /// `speech`: what is kept before and after speech. 0.05…1.
    public var paddingSeconds: Double
    /// `speech`: of pauses longer than this only the padding is kept. At least twice the padding, at most 10.
    public var splicedPauseSeconds: Double

    /// Makes a configuration; values out of range are moved to the nearest one allowed.
    public init(
        mode: Mode = .silence, targetSeconds: Double = 29, shortFirstChunk: Bool = true, dividesLastChunk: Bool = false,
        longSilenceSeconds: Double = 3, paddingSeconds: Double = 0.4, splicedPauseSeconds: Double = 1
    ) {
        func bounded(_ value: Double, _ range: ClosedRange<Double>, _ otherwise: Double) -> Double {
            value.isFinite ? min(max(value, range.lowerBound), range.upperBound) : otherwise
        }
        self.mode = mode
        self.targetSeconds = bounded(targetSeconds, 5...29, 29)
        self.shortFirstChunk = shortFirstChunk
        self.dividesLastChunk = dividesLastChunk
        self.longSilenceSeconds = bounded(longSilenceSeconds, 1...10, 3)
        self.paddingSeconds = bounded(paddingSeconds, 0.05...1, 0.4)
        self.splicedPauseSeconds = bounded(splicedPauseSeconds, self.paddingSeconds * 2...10, 1)
    }
}
