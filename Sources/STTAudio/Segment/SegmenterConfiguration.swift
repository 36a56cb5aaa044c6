/// How a recording is cut into chunks. All lengths are in seconds.
public struct SegmenterConfiguration: Sendable, Equatable, Codable {
    /// Where cuts are looked for.
    public enum Mode: String, Sendable, Codable {
        /// In the best pause before the chunk would become too long; the first chunk is short.
        case silence
        /// At the best point within 1.5 s of a fixed length.
        case fixed
    }

    /// Where cuts are looked for.
    public var mode: Mode
    /// `silence`: the longest chunk. `fixed`: the usual length. 5…29.
    public var targetSeconds: Double
    /// `silence`: try to end the first chunk at 8…12 s, so that the first result comes early.
    public var shortFirstChunk: Bool
    /// Silence of at least this length is left out of chunks. 1…10.
    public var longSilenceSeconds: Double

    /// Makes a configuration; values out of range are moved to the nearest one allowed.
    public init(
        mode: Mode = .silence, targetSeconds: Double = 29, shortFirstChunk: Bool = true, longSilenceSeconds: Double = 3
    ) {
        self.mode = mode
        self.targetSeconds = min(max(targetSeconds.isFinite ? targetSeconds : 29, 5), 29)
        self.shortFirstChunk = shortFirstChunk
        self.longSilenceSeconds = min(max(longSilenceSeconds.isFinite ? longSilenceSeconds : 3, 1), 10)
    }
}
