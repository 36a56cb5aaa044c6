import STTCore

/// Tells whether what an engine made with its window fitted to the audio is to be made again with the full one.
struct FittedRule: Sendable {
    /// What speaks against the run, in words. `nil`: nothing.
    func doubt(_ verdict: QualityGuard.Verdict, samples: [Int16]) -> String? {
        switch verdict.retry {
        case .repetition, .repeatedSegments: return "repetition"
        case .compression: return "compression"
        case nil: break
        }
        if RepetitionFinder.echo(in: RepetitionFinder.words(of: verdict.kept.map(\.text).joined(separator: " "))) != nil {
            return "echo"
        }
        if verdict.kept.contains(where: { $0.flags.contains(.implausibleRate) }) { return "implausible rate" }
        // What was dropped, such as "[Music]", covers its audio too.
        let segments = verdict.kept + verdict.dropped.map(\.segment)
        switch FittedWindow.doubt(segments: segments, samples: samples) {
        case .uncovered: return "sound without words"
        case .sparse: return "hardly any words"
        case .beyondEnd: return "words after the end"
        case .repeated: return "repetition"
        case .lowProbability: return "low probability"
        case nil: return nil
        }
    }
}
