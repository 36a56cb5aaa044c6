import STTCore

/// Tells what is doubtful about what an engine made of its window, so that it is to be made again in another way.
struct FittedRule: Sendable {
    struct Doubt: Sendable, Equatable {
        /// In words.
        var reason: String
        /// There is sound that nothing was written for.
        var isMissingSpeech = false
    }

    /// What speaks against the run. `nil`: nothing.
    func doubt(_ verdict: QualityGuard.Verdict, samples: [Int16]) -> Doubt? {
        switch verdict.retry {
        case .repetition, .repeatedSegments: return Doubt(reason: "repetition")
        case .compression: return Doubt(reason: "compression")
        case nil: break
        }
        if RepetitionFinder.echo(in: RepetitionFinder.words(of: verdict.kept.map(\.text).joined(separator: " "))) != nil
        {
            return Doubt(reason: "echo")
        }
        if verdict.kept.contains(where: { $0.flags.contains(.implausibleRate) }) {
            return Doubt(reason: "implausible rate")
        }
        // What was dropped, such as "[Music]", covers its audio too; "[" is a decoder that lost its way.
        let marks = verdict.dropped.map(\.segment).filter { $0.text.last.map { "])".contains($0) } ?? false }
        let segments = (verdict.kept + marks).sorted { $0.startMilliseconds < $1.startMilliseconds }
        switch FittedWindow.doubt(segments: segments, samples: samples) {
        case .uncovered: return Doubt(reason: "sound without words", isMissingSpeech: true)
        case .sparse: return Doubt(reason: "hardly any words", isMissingSpeech: true)
        case .beyondEnd: return Doubt(reason: "words after the end")
        case .repeated: return Doubt(reason: "repetition")
        case .lowProbability: return Doubt(reason: "low probability")
        case nil: return nil
        }
    }
}
