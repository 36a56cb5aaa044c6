/// Decides which segments an engine made up, which of them may be wrong, and whether a chunk is worth another attempt.
///
/// Conservative: a word that was said and dropped is worse than a phantom that stays.
/// - A segment is dropped where Whisper itself takes it for silence (no-speech probability above 0.6 and mean log
///   probability below −1, the rule of the reference implementation), where the audio beneath it is silent, or
///   where its text is nothing but one of ``NonSpeechMarkers``.
/// - A segment is flagged where the engine was guessing, where nobody speaks that fast, and where the text is one of
///   ``KnownHallucinations`` and something else speaks against it too. A flagged segment stays.
/// - A chunk is to be tried again where the decoder got into a loop: the same words over and over, or a text that
///   compresses by more than 2.4. Words that people do repeat ("no, no, no", "one two one two") are no loop.
public struct QualityGuard: Sendable, Hashable {
    public struct Limits: Sendable, Hashable {
        /// Of a silent segment, from 0 to 1.
        public var noSpeechProbability = 0.6
        /// Natural logarithm. Below: the engine was guessing.
        public var avgLogProbability = -1.0
        /// Above: the text is a loop. Of texts that are long enough to tell.
        public var compressionRatio = 2.4
        /// Texts shorter than this many bytes of UTF-8 are not judged by their compression.
        public var compressibleBytes = 120
        /// In dB of full scale. A segment over audio that never gets louder is dropped.
        public var silenceDecibels = -65.0
        /// A segment is flagged below this mean log probability.
        public var lowProbability = -1.0
        /// Letters and digits in a second that nobody says.
        public var lettersPerSecond = 32.0
        /// Below this mean log probability a known phrase is in doubt.
        public var doubtfulProbability = -0.55
        /// Above this no-speech probability a known phrase is in doubt.
        public var doubtfulNoSpeech = 0.35
        /// In dB of full scale. A known phrase over audio that never gets louder is in doubt.
        public var doubtfulDecibels = -50.0
        /// In dB between loud and soft frames. A known phrase over audio whose level moves less, as that of noise and
        /// tones, is in doubt.
        public var doubtfulSwing = 10.0

        public init() {}
    }

    public enum DropReason: String, Sendable, Hashable, CaseIterable {
        /// By Whisper's own figures.
        case noSpeech
        /// By the level of the audio.
        case silentAudio
        /// By its text, which says that nobody speaks: "[Music]".
        case marker
    }

    public enum RetryReason: Sendable, Hashable {
        /// Words repeated in a row.
        case repetition(RepetitionFinder.Loop)
        /// The same line in this many segments in a row.
        case repeatedSegments(Int)
        case compression(ratio: Double)
    }

    public struct Dropped: Sendable, Hashable {
        public var segment: TranscriptSegment
        public var reason: DropReason
    }

    public struct Verdict: Sendable, Hashable {
        public var kept: [TranscriptSegment]
        public var dropped: [Dropped]
        /// Set: another attempt, at a higher temperature, may do better.
        public var retry: RetryReason?
        /// Of the kept text. The attempt with the lowest is the best of several that are all to be retried.
        public var compressionRatio: Double
    }

    public var limits: Limits

    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Judges what an engine made of one chunk.
    /// - Parameters:
    ///   - segments: Times count from wherever those of `levels` do.
    ///   - levels: Of the chunk's audio, where it is at hand.
    public func judge(_ segments: [TranscriptSegment], levels: AudioLevels? = nil) -> Verdict {
        var verdict = Verdict(kept: [], dropped: [], retry: nil, compressionRatio: 1)
        let doubt = SegmentDoubt(limits: limits, levels: levels, segments: segments)
        for segment in segments {
            if let reason = dropReason(segment, levels) {
                verdict.dropped.append(Dropped(segment: segment, reason: reason))
            } else {
                var kept = segment
                kept.flags = doubt.flags(of: segment)
                verdict.kept.append(kept)
            }
        }
        let text = verdict.kept.map(\.text).joined(separator: " ")
        verdict.compressionRatio = CompressionEstimate.ratio(of: text)
        verdict.retry = retryReason(verdict.kept, text: text, ratio: verdict.compressionRatio)
        return verdict
    }

    /// The last resort, when every attempt loops: what is repeated stays once, with a flag.
    public func collapsingLoops(_ segments: [TranscriptSegment]) -> [TranscriptSegment] {
        var result: [TranscriptSegment] = []
        var rest = segments[...]
        while let first = rest.first {
            let key = RepetitionFinder.words(of: first.text)
            let same = rest.prefix { RepetitionFinder.words(of: $0.text) == key }.count
            let isLoop = same >= RepetitionFinder.minimumRepeats(ofWords: key)
            result += rest.prefix(isLoop ? 1 : same).map { collapsingLoop($0, isRepeated: isLoop) }
            rest = rest.dropFirst(same)
        }
        return result
    }

    private func collapsingLoop(_ segment: TranscriptSegment, isRepeated: Bool) -> TranscriptSegment {
        var segment = segment
        let tokens = segment.tokens.filter { !$0.key.isEmpty }
        let loop = RepetitionFinder.loop(in: tokens.map(\.key))
        if isRepeated || loop != nil, !segment.flags.contains(.repetition) { segment.flags.append(.repetition) }
        guard let loop else { return segment }
        let kept = tokens[..<(loop.start + loop.length)] + tokens[(loop.start + loop.length * loop.count)...]
        var collapsed = segment.slice(kept)
        collapsed.startMilliseconds = segment.startMilliseconds
        collapsed.endMilliseconds = segment.endMilliseconds
        return collapsed
    }

    private func dropReason(_ segment: TranscriptSegment, _ levels: AudioLevels?) -> DropReason? {
        if NonSpeechMarkers.isOnlyMarkers(segment.text) { return .marker }
        if segment.noSpeechProbability > limits.noSpeechProbability,
            segment.avgLogProbability < limits.avgLogProbability
        {
            return .noSpeech
        }
        if let peak = levels?.peak(in: segment.surroundings), peak < limits.silenceDecibels { return .silentAudio }
        return nil
    }

    private func retryReason(_ segments: [TranscriptSegment], text: String, ratio: Double) -> RetryReason? {
        var run = 0
        var previous: [String] = []
        for segment in segments {
            let words = RepetitionFinder.words(of: segment.text)
            run = words == previous ? run + 1 : 1
            previous = words
            if !words.isEmpty, run >= RepetitionFinder.minimumRepeats(ofWords: words) { return .repeatedSegments(run) }
        }
        if let loop = RepetitionFinder.loop(in: RepetitionFinder.words(of: text)) { return .repetition(loop) }
        if text.utf8.count >= limits.compressibleBytes, ratio > limits.compressionRatio {
            return .compression(ratio: ratio)
        }
        return nil
    }
}
