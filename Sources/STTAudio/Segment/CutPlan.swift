/// A segmenter's configuration in frames of 20 ms.
struct CutPlan: Sendable {
    private static let framesPerSecond = Double(FrameLevels.framesPerSecond)

    /// The part of a chunk that the next one repeats after a forced cut.
    static let overlap = 75
    /// No chunk in the middle of a recording is shorter.
    static let shortestChunk = 25
    /// The shortest pause to cut in.
    static let shortestPause = 10
    /// A chunk that spans this much of the recording ends at the next splice, so that little audio is held.
    static let longestSpan = 60 * FrameLevels.framesPerSecond

    /// Silence kept before and after speech.
    let padding: Int
    /// Of a pause this long, what is beyond the padding is left out.
    let splicedPause: Int
    /// A gap longer than this between a chunk's end and the next speech is left out.
    let longestKeptGap: Int
    /// A pause this long ends the chunk.
    let endingPause: Int
    /// The same of the first chunk, where it is to be short: its words are not to wait for those behind the pause.
    private let firstEndingPause: Int
    /// What is left of that when the chunk has its length.
    private static let leastEndingPause = 15
    /// The longest chunk, lead-in included and without what is left out.
    let longest: Int
    /// Where cuts are looked for, relative to a chunk's start; the first range that has a pause decides.
    let ranges: [ClosedRange<Int>]
    /// Where a pause between stretches of speech is looked for before that; `nil`: nowhere.
    let wideRange: ClosedRange<Int>?
    /// Pauses longer than this are not better for cutting.
    let pauseCap: Int
    /// Where cuts are looked for in the first chunk; `nil`: no difference.
    let firstRange: ClosedRange<Int>?
    /// A recording's last chunk that is longer is divided where it has a pause; `nil`: it is not.
    let longestLast: Int?
    /// Whether activity is what a speech detector says.
    let usesVerdicts: Bool

    init(_ configuration: SegmenterConfiguration) {
        let target = Int(configuration.targetSeconds * Self.framesPerSecond)
        let ceiling = 29 * FrameLevels.framesPerSecond
        let longSilence = Int(configuration.longSilenceSeconds * Self.framesPerSecond)
        let isWorthIt = target >= 20 * FrameLevels.framesPerSecond
        let shortRange =
            configuration.shortFirstChunk && isWorthIt
            ? 8 * FrameLevels.framesPerSecond...12 * FrameLevels.framesPerSecond : nil
        switch configuration.mode {
        case .speech:
            padding = Int(configuration.paddingSeconds * Self.framesPerSecond)
            splicedPause = Int(configuration.splicedPauseSeconds * Self.framesPerSecond)
            endingPause = 30 * FrameLevels.framesPerSecond
            firstEndingPause = 5 * FrameLevels.framesPerSecond / 2
            longest = target
            ranges = [target * 20 / 29...target, target / 2...target * 20 / 29]
            wideRange = target * 12 / 29...target
            pauseCap = 2 * FrameLevels.framesPerSecond
            firstRange = shortRange
        case .silence:
            padding = 15
            splicedPause = longSilence
            endingPause = longSilence
            firstEndingPause = longSilence
            longest = target
            ranges = [target * 24 / 29...target, target / 2...target * 24 / 29]
            wideRange = nil
            pauseCap = 60
            firstRange = shortRange
        case .fixed:
            padding = 15
            splicedPause = longSilence
            endingPause = longSilence
            firstEndingPause = longSilence
            longest = min(target + Self.overlap, ceiling)
            ranges = [target - Self.overlap...min(target + Self.overlap, ceiling)]
            wideRange = nil
            pauseCap = 60
            firstRange = nil
        }
        longestLast =
            configuration.dividesLastChunk && isWorthIt && configuration.mode != .fixed ? longest * 4 / 7 : nil
        usesVerdicts = configuration.mode == .speech
        longestKeptGap = usesVerdicts ? 2 * padding : FrameLevels.framesPerSecond
    }

    /// The pause that ends a first chunk that is to be short: the longer it is already, the shorter. Whether there is a
    /// better pause to come is not waited for.
    func firstEndingPause(atLength length: Int) -> Int {
        guard usesVerdicts, let firstRange else { return firstEndingPause }
        let part = min(length, firstRange.lowerBound)
        return firstEndingPause - (firstEndingPause - Self.leastEndingPause) * part / firstRange.lowerBound
    }
}
