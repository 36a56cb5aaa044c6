/// Folds chunk results, in order, into the transcript. Holds no more than the last chunk's words.
///
/// A chunk that ends in a forced cut and the next one both transcribe their overlap. The words before such a cut are
/// held back until the next chunk is folded, and then belong to its merged chunk; `OverlapJoint` decides which side
/// each word is taken from. Everything else passes through: texts are made clean lines, times are clamped to the
/// chunk and made monotonic over the whole transcript, segments of nothing but marks such as "[MUSIC]" are dropped.
public struct TranscriptMerger: Sendable {
    /// The end of the previous chunk, where that ended in a forced cut.
    private var held: [TranscriptSegment] = []
    private var cutAtMilliseconds: Int?
    /// `nil` before the first chunk.
    private var nextIndex: Int?
    /// No segment may begin before.
    private var settledUntil = 0
    private var gapsUntil = 0

    /// How much before a forced cut is held back: the longest lead-in, and room for word times that are off.
    private static let heldMilliseconds = 4_000
    /// A segment that begins no longer before the cut is held back whole, so that its line stays one.
    private static let heldSegmentMilliseconds = 8_000

    public init() {}

    /// Folds the next chunk. Chunks come in order of their index, without holes.
    ///
    /// The first one may have any index, which shows a chunk on its own: without the words that the one before it held
    /// back, and with those of its lead-in. The transcript's merged chunks come from a fold that began at 0.
    public mutating func fold(_ span: ChunkSpan, _ result: ChunkResult) -> MergedChunk {
        precondition(nextIndex == nil || span.index == nextIndex, "chunk \(span.index) is out of order")
        nextIndex = span.index + 1
        let bounds = span.startMilliseconds...max(span.startMilliseconds, span.endMilliseconds)
        var segments = result.segments.compactMap { $0.cleaned(within: bounds) }
        let gaps = settle(result.gaps, within: bounds)

        if let cut = cutAtMilliseconds {
            segments = join(segments, to: held, at: cut, from: span, gaps: result.gaps)
        }
        (held, cutAtMilliseconds) = ([], nil)
        if span.endsInForcedCut {
            cutAtMilliseconds = span.endMilliseconds
            held = Self.splitEnd(of: &segments, cut: span.endMilliseconds)
        }
        return MergedChunk(
            index: span.index, startMilliseconds: bounds.lowerBound, endMilliseconds: bounds.upperBound,
            segments: settle(segments), gaps: gaps, guards: result.guards.map { $0.cleaned(within: bounds) })
    }

    /// What is still held back. Nothing, unless the last chunk ended in a forced cut, which it never should.
    public mutating func finish() -> [TranscriptSegment] {
        defer { (held, cutAtMilliseconds) = ([], nil) }
        return settle(held)
    }

    private func join(
        _ segments: [TranscriptSegment], to held: [TranscriptSegment], at cut: Int, from span: ChunkSpan,
        gaps: [TranscriptGap]
    ) -> [TranscriptSegment] {
        guard span.startMilliseconds < cut else { return held + segments }
        let overlap = span.startMilliseconds..<cut
        let isGap = gaps.contains { $0.startMilliseconds < cut && $0.endMilliseconds > overlap.lowerBound }
        guard isGap else { return OverlapJoint(overlap: overlap).join(held, segments) }
        guard !held.isEmpty else { return segments }
        // Nothing to align with: the earlier chunk stands for the whole overlap.
        return held
            + segments.compactMap { segment in
                let tokens = segment.tokens
                guard let first = tokens.firstIndex(where: { $0.centre >= cut }) else { return nil }
                return first == 0 ? segment : segment.slice(tokens[first...])
            }
    }

    /// Takes the words before a forced cut off the end.
    private static func splitEnd(of segments: inout [TranscriptSegment], cut: Int) -> [TranscriptSegment] {
        let holdFrom = cut - heldMilliseconds
        guard let index = segments.firstIndex(where: { $0.endMilliseconds > holdFrom }) else { return [] }
        var held = Array(segments[index...])
        segments.removeSubrange(index...)
        if held[0].startMilliseconds < cut - heldSegmentMilliseconds {
            let tokens = held[0].tokens
            let split = tokens.firstIndex { $0.endMilliseconds > holdFrom } ?? tokens.count
            if split > 0 {
                segments.append(held[0].slice(tokens[..<split]))
                if split < tokens.count {
                    held[0] = held[0].slice(tokens[split...])
                } else {
                    held.removeFirst()
                }
            }
        }
        return held
    }

    /// Makes times monotonic.
    private mutating func settle(_ segments: [TranscriptSegment]) -> [TranscriptSegment] {
        segments.map { segment in
            var segment = segment
            segment.startMilliseconds = max(segment.startMilliseconds, settledUntil)
            segment.endMilliseconds = max(segment.endMilliseconds, segment.startMilliseconds)
            settledUntil = segment.endMilliseconds
            segment.clampWords()
            return segment
        }
    }

    /// Clamps gaps to what no earlier chunk covers, puts them in order and joins neighbours of the same cause.
    private mutating func settle(_ gaps: [TranscriptGap], within bounds: ClosedRange<Int>) -> [TranscriptGap] {
        var result: [TranscriptGap] = []
        let from = max(bounds.lowerBound, cutAtMilliseconds ?? 0, gapsUntil)
        for var gap in gaps.sorted(by: { $0.startMilliseconds < $1.startMilliseconds }) {
            gap.startMilliseconds = max(gap.startMilliseconds, from)
            gap.endMilliseconds = min(gap.endMilliseconds, bounds.upperBound)
            gap.cause.message = LineText.cleaned(gap.cause.message)
            if let last = result.last {
                gap.startMilliseconds = max(gap.startMilliseconds, last.endMilliseconds)
                if gap.startMilliseconds == last.endMilliseconds, gap.cause == last.cause,
                    gap.endMilliseconds > gap.startMilliseconds
                {
                    result[result.count - 1].endMilliseconds = gap.endMilliseconds
                    continue
                }
            }
            if gap.startMilliseconds < gap.endMilliseconds { result.append(gap) }
        }
        gapsUntil = result.last?.endMilliseconds ?? gapsUntil
        return result
    }
}

extension TranscriptSegment {
    /// The segment as a clean line inside a stretch of time. `nil` where it has no words.
    func cleaned(within bounds: ClosedRange<Int>) -> TranscriptSegment? {
        var segment = self
        segment.text = LineText.cleaned(text)
        guard !NonSpeechMarkers.isOnlyMarkers(segment.text) else { return nil }
        segment.startMilliseconds = startMilliseconds.clamped(to: bounds)
        segment.endMilliseconds = max(segment.startMilliseconds, endMilliseconds.clamped(to: bounds))
        segment.avgLogProbability = avgLogProbability.isFinite ? avgLogProbability : 0
        segment.noSpeechProbability = noSpeechProbability.isFinite ? noSpeechProbability : 0
        segment.words = words.compactMap { word in
            var word = word
            word.text = LineText.cleaned(word.text)
            word.probability = word.probability.isFinite ? word.probability : 0
            return word.text.isEmpty ? nil : word
        }
        segment.clampWords()
        return segment
    }

    /// Puts the words' times in order and inside the segment.
    mutating func clampWords() {
        var from = startMilliseconds
        for index in words.indices {
            let start = words[index].startMilliseconds.clamped(to: from...endMilliseconds)
            let end = words[index].endMilliseconds.clamped(to: start...endMilliseconds)
            words[index].startMilliseconds = start
            words[index].endMilliseconds = end
            from = end
        }
    }
}

extension Comparable {
    func clamped(to bounds: ClosedRange<Self>) -> Self { min(max(self, bounds.lowerBound), bounds.upperBound) }
}
