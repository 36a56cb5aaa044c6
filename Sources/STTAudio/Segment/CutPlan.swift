/// A segmenter's configuration in frames of 20 ms.
struct CutPlan: Sendable {
    private static let framesPerSecond = Double(FrameLevels.framesPerSecond)

    /// Silence kept before and after speech.
    static let padding = 15
    /// The part of a chunk that the next one repeats after a forced cut.
    static let overlap = 75
    /// A gap longer than this between a chunk's end and the next speech is skipped.
    static let longestKeptGap = 50
    /// No chunk in the middle of a recording is shorter.
    static let shortestChunk = 25
    /// The shortest pause to cut in.
    static let shortestPause = 10

    /// The longest chunk, lead-in included.
    let longest: Int
    /// Where cuts are looked for, relative to a chunk's start; the first range that has a pause decides.
    let ranges: [ClosedRange<Int>]
    /// The same for the first chunk; empty: no difference.
    let firstRange: ClosedRange<Int>?
    /// Inactive frames from which on silence is left out.
    let longSilence: Int

    init(_ configuration: SegmenterConfiguration) {
        let target = Int(configuration.targetSeconds * Self.framesPerSecond)
        let ceiling = 29 * FrameLevels.framesPerSecond
        switch configuration.mode {
        case .silence:
            longest = target
            ranges = [target * 24 / 29...target, target / 2...target * 24 / 29]
            let isWorthIt = configuration.shortFirstChunk && target >= 20 * FrameLevels.framesPerSecond
            firstRange = isWorthIt ? 8 * FrameLevels.framesPerSecond...12 * FrameLevels.framesPerSecond : nil
        case .fixed:
            longest = min(target + Self.overlap, ceiling)
            ranges = [target - Self.overlap...min(target + Self.overlap, ceiling)]
            firstRange = nil
        }
        longSilence = Int(configuration.longSilenceSeconds * Self.framesPerSecond)
    }
}
