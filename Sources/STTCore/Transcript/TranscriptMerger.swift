/// Folds chunk results, in order, into the transcript. Holds no more than the last chunk's words.
///
/// A chunk that ends in a forced cut and the next one both transcribe their overlap. The words before such a cut are
/// held back until the next chunk is folded, and then belong to its merged chunk; `OverlapJoint` decides which side
/// each word is taken from. Everything else passes through: texts are made clean lines, times are clamped to the
/// chunk and made monotonic over the whole transcript, segments of nothing but marks such as "[MUSIC]" are dropped.
///
/// Channels that were transcribed apart are merged apart, each with its own overlaps and times, and then put together
/// by the times at which their segments begin: over the whole transcript, not only within a chunk.
public struct TranscriptMerger: Sendable {
    /// One for each channel that has had a segment, in their order.
    private var lanes: [MergeLane] = []
    /// The end of the previous chunk, where that was a forced cut.
    private var cutAtMilliseconds: Int?
    /// `nil` before the first chunk.
    private var nextIndex: Int?
    private var gapsUntil = 0

    public init() {}

    /// Folds the next chunk. Chunks come in order of their index, without holes.
    ///
    /// The first one may have any index, which shows a chunk on its own: without the words that the one before it held
    /// back, and with those of its lead-in. The transcript's merged chunks come from a fold that began at 0.
    public mutating func fold(_ span: ChunkSpan, _ result: ChunkResult) -> MergedChunk {
        precondition(nextIndex == nil || span.index == nextIndex, "chunk \(span.index) is out of order")
        nextIndex = span.index + 1
        let bounds = span.startMilliseconds...max(span.startMilliseconds, span.endMilliseconds)
        let segments = result.segments.compactMap { $0.cleaned(within: bounds) }
        let gaps = settle(result.gaps, within: bounds)

        var parts = split(segments)
        for index in lanes.indices {
            if let cut = cutAtMilliseconds {
                parts[index] = lanes[index].join(parts[index], at: cut, from: span, gaps: result.gaps)
            }
            parts[index] = lanes[index].inOrder(parts[index])
        }
        cutAtMilliseconds = nil
        if span.endsInForcedCut {
            cutAtMilliseconds = span.endMilliseconds
            hold(&parts, cut: span.endMilliseconds)
        }
        return MergedChunk(
            index: span.index, startMilliseconds: bounds.lowerBound, endMilliseconds: bounds.upperBound,
            segments: settle(parts), gaps: gaps, guards: result.guards.map { $0.cleaned(within: bounds) })
    }

    /// What is still held back. Nothing, unless the last chunk ended in a forced cut, which it never should.
    public mutating func finish() -> [TranscriptSegment] {
        cutAtMilliseconds = nil
        let parts = lanes.map { $0.inOrder($0.held) }
        for index in lanes.indices { lanes[index].held = [] }
        return settle(parts)
    }

    /// The segments of each lane.
    private mutating func split(_ segments: [TranscriptSegment]) -> [[TranscriptSegment]] {
        for segment in segments where !lanes.contains(where: { $0.channel == segment.channel }) {
            let index = lanes.firstIndex { $0.channel ?? 0 > segment.channel ?? 0 } ?? lanes.count
            lanes.insert(MergeLane(channel: segment.channel), at: index)
        }
        if lanes.count == 1 { return [segments] }
        return lanes.map { lane in segments.filter { $0.channel == lane.channel } }
    }

    /// Holds back what the next chunk can still change, and what is said on other channels meanwhile.
    private mutating func hold(_ parts: inout [[TranscriptSegment]], cut: Int) {
        for index in lanes.indices { lanes[index].holdEnd(of: &parts[index], cut: cut) }
        guard lanes.count > 1, let first = lanes.compactMap({ $0.held.first?.startMilliseconds }).min() else { return }
        for index in lanes.indices { lanes[index].hold(&parts[index], after: first) }
    }

    /// Puts the lanes' segments together by their starts; of equal ones the lower channel's comes first.
    private mutating func settle(_ parts: [[TranscriptSegment]]) -> [TranscriptSegment] {
        for index in lanes.indices { lanes[index].settle(parts[index]) }
        guard lanes.count > 1 else { return parts.first ?? [] }
        var rests = parts.map { $0[...] }
        var merged: [TranscriptSegment] = []
        while true {
            let open = rests.indices.filter { !rests[$0].isEmpty }
            let next = open.min { rests[$0][rests[$0].startIndex].precedes(rests[$1][rests[$1].startIndex]) }
            guard let next else { return merged }
            merged.append(rests[next].removeFirst())
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

    fileprivate func precedes(_ other: TranscriptSegment) -> Bool { startMilliseconds < other.startMilliseconds }

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
