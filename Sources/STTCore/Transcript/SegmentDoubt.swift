/// What speaks against a segment's text.
struct SegmentDoubt {
    let limits: QualityGuard.Limits
    let levels: AudioLevels?
    /// All of the chunk's, to see which stand alone.
    let segments: [TranscriptSegment]

    /// Segments that are further apart than this do not vouch for one another.
    private static let neighbourhood = 2_000
    /// Shorter texts are not judged by their rate: an engine's times are off by some tenths of a second.
    private static let shortestRated = 25

    /// In the order of the cases; those that the segment has already are kept.
    func flags(of segment: TranscriptSegment) -> [SegmentFlag] {
        var flags = Set(segment.flags)
        if isHallucination(segment) { flags.insert(.knownHallucination) }
        if segment.avgLogProbability < limits.lowProbability { flags.insert(.lowProbability) }
        if isImplausiblyFast(segment) { flags.insert(.implausibleRate) }
        return SegmentFlag.allCases.filter(flags.contains)
    }

    private func isHallucination(_ segment: TranscriptSegment) -> Bool {
        switch KnownHallucinations.kind(of: segment.text) {
        case nil: false
        case .credit: isDoubtful(segment) || isAlone(segment)
        case .signOff: isDoubtful(segment)
        // Short answers are what these are for, if anything else stands near by.
        case .filler: isDoubtful(segment) && isAlone(segment)
        }
    }

    private func isDoubtful(_ segment: TranscriptSegment) -> Bool {
        if segment.avgLogProbability < limits.doubtfulProbability { return true }
        if segment.noSpeechProbability > limits.doubtfulNoSpeech { return true }
        guard let levels else { return false }
        let around = segment.surroundings
        if let peak = levels.peak(in: around), peak < limits.doubtfulDecibels { return true }
        if let swing = levels.swing(in: around), swing < limits.doubtfulSwing { return true }
        return false
    }

    /// Whether no segment near by says anything else.
    private func isAlone(_ segment: TranscriptSegment) -> Bool {
        !segments.contains { other in
            other.startMilliseconds < segment.endMilliseconds + Self.neighbourhood
                && other.endMilliseconds > segment.startMilliseconds - Self.neighbourhood
                && !NonSpeechMarkers.isOnlyMarkers(other.text) && KnownHallucinations.kind(of: other.text) == nil
        }
    }

    private func isImplausiblyFast(_ segment: TranscriptSegment) -> Bool {
        let letters = segment.text.unicodeScalars.count(where: SpokenToken.isCore)
        let milliseconds = segment.endMilliseconds - segment.startMilliseconds
        guard letters >= Self.shortestRated else { return false }
        return Double(letters) * 1000 > limits.lettersPerSecond * Double(max(milliseconds, 1))
    }
}

extension TranscriptSegment {
    /// Its stretch with what lies near by: an engine's times are off by some tenths of a second.
    var surroundings: Range<Int> {
        (startMilliseconds - 500)..<max(startMilliseconds, endMilliseconds) + 500
    }
}
