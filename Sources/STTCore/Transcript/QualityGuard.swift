/// Decides which segments an engine made up, and whether a chunk is worth another attempt.
///
/// Conservative: a word that was said and dropped is worse than a phantom that stays.
/// - A segment is dropped where Whisper itself takes it for silence (no-speech probability above 0.6 and mean log
///   probability below −1, the rule of the reference implementation), or where the audio beneath it is silent.
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

        public init() {}
    }

    public enum DropReason: String, Sendable, Hashable, CaseIterable {
        /// By Whisper's own figures.
        case noSpeech
        /// By the level of the audio.
        case silentAudio
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
        for segment in segments {
            if let reason = dropReason(segment, levels) {
                verdict.dropped.append(Dropped(segment: segment, reason: reason))
            } else {
                verdict.kept.append(segment)
            }
        }
        let text = verdict.kept.map(\.text).joined(separator: " ")
        verdict.compressionRatio = CompressionEstimate.ratio(of: text)
        verdict.retry = retryReason(verdict.kept, text: text, ratio: verdict.compressionRatio)
        return verdict
    }

    /// The last resort, when every attempt loops: what is repeated stays once.
    public func collapsingLoops(_ segments: [TranscriptSegment]) -> [TranscriptSegment] {
        var result: [TranscriptSegment] = []
        var rest = segments[...]
        while let first = rest.first {
            let key = RepetitionFinder.words(of: first.text)
            let same = rest.prefix { RepetitionFinder.words(of: $0.text) == key }.count
            let isLoop = same >= RepetitionFinder.minimumRepeats(ofWords: key)
            result += rest.prefix(isLoop ? 1 : same).map(collapsingLoop)
            rest = rest.dropFirst(same)
        }
        return result
    }

    private func collapsingLoop(_ segment: TranscriptSegment) -> TranscriptSegment {
        let tokens = segment.tokens.filter { !$0.key.isEmpty }
        guard let loop = RepetitionFinder.loop(in: tokens.map(\.key)) else { return segment }
        let kept = tokens[..<(loop.start + loop.length)] + tokens[(loop.start + loop.length * loop.count)...]
        var collapsed = segment.slice(kept)
        collapsed.startMilliseconds = segment.startMilliseconds
        collapsed.endMilliseconds = segment.endMilliseconds
        return collapsed
    }

    private func dropReason(_ segment: TranscriptSegment, _ levels: AudioLevels?) -> DropReason? {
        if segment.noSpeechProbability > limits.noSpeechProbability,
            segment.avgLogProbability < limits.avgLogProbability
        {
            return .noSpeech
        }
        // An engine's segment times are off by some tenths of a second.
        let around = (segment.startMilliseconds - 500)..<max(segment.startMilliseconds, segment.endMilliseconds) + 500
        if let peak = levels?.peak(in: around), peak < limits.silenceDecibels { return .silentAudio }
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
