import STTCore

/// Tells whether what an engine made with its window fitted to the audio is to be made again with the full one.
struct FittedRule: Sendable {
    /// Below this mean log probability of its text, by length, the run was guessing.
    var meanLogProbability = -0.8
    /// In dB below the loudest frame: what is louder may be speech.
    var speechDecibels = 20.0
    /// Sound after the last segment's end, or without any segment, that is speech nobody wrote down.
    var unheardMilliseconds = 1_500

    /// What speaks against the run, in words. `nil`: nothing.
    func doubt(_ verdict: QualityGuard.Verdict, levels: AudioLevels) -> String? {
        switch verdict.retry {
        case .repetition, .repeatedSegments: return "repetition"
        case .compression: return "compression"
        case nil: break
        }
        let spoken = verdict.kept
        let words = RepetitionFinder.words(of: spoken.map(\.text).joined(separator: " "))
        if RepetitionFinder.echo(in: words) != nil { return "echo" }
        if spoken.contains(where: { $0.flags.contains(.implausibleRate) }) { return "implausible rate" }
        let letters = spoken.reduce(0) { $0 + $1.text.utf8.count }
        if letters > 0 {
            let sum = spoken.reduce(0) { $0 + $1.avgLogProbability * Double($1.text.utf8.count) }
            if sum / Double(letters) < meanLogProbability { return "low probability" }
        }
        let loudest = levels.peak(in: levels.milliseconds) ?? AudioLevels.floorDecibels
        let segments = verdict.kept + verdict.dropped.map(\.segment)
        let end = segments.map(\.endMilliseconds).max() ?? levels.milliseconds.lowerBound
        let soundEnd = levels.end(ofSoundAbove: loudest - speechDecibels) ?? end
        if soundEnd - end >= unheardMilliseconds { return spoken.isEmpty ? "no text" : "ends early" }
        return nil
    }
}
