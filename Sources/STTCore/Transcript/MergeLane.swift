/// What the merger keeps of one channel between two chunks.
struct MergeLane: Sendable {
    /// `nil` where the channels were mixed.
    let channel: Int?
    /// The end of the previous chunk, where that ended in a forced cut.
    var held: [TranscriptSegment] = []
    /// No segment of the channel may begin before.
    private var settledUntil = 0

    /// How much before a forced cut is held back: the longest lead-in, and room for word times that are off.
    private static let heldMilliseconds = 4_000
    /// A segment that begins no longer before the cut is held back whole, so that its line stays one.
    private static let heldSegmentMilliseconds = 8_000

    init(channel: Int?) {
        self.channel = channel
    }

    /// Joins what is held back to the next chunk's segments.
    mutating func join(
        _ segments: [TranscriptSegment], at cut: Int, from span: ChunkSpan, gaps: [TranscriptGap]
    ) -> [TranscriptSegment] {
        defer { held = [] }
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

    /// Takes the words before a forced cut off the end and holds them back.
    mutating func holdEnd(of segments: inout [TranscriptSegment], cut: Int) {
        held = []
        let holdFrom = cut - Self.heldMilliseconds
        guard let index = segments.firstIndex(where: { $0.endMilliseconds > holdFrom }) else { return }
        held = Array(segments[index...])
        segments.removeSubrange(index...)
        guard held[0].startMilliseconds < cut - Self.heldSegmentMilliseconds else { return }
        let tokens = held[0].tokens
        let split = tokens.firstIndex { $0.endMilliseconds > holdFrom } ?? tokens.count
        guard split > 0 else { return }
        segments.append(held[0].slice(tokens[..<split]))
        if split < tokens.count {
            held[0] = held[0].slice(tokens[split...])
        } else {
            held.removeFirst()
        }
    }

    /// Holds back what begins after a time, too.
    mutating func hold(_ segments: inout [TranscriptSegment], after milliseconds: Int) {
        let kept = segments.prefix { $0.startMilliseconds <= milliseconds }.count
        held = segments[kept...] + held
        segments.removeSubrange(kept...)
    }

    /// The segments with times that never go back, neither among them nor behind what is settled.
    func inOrder(_ segments: [TranscriptSegment]) -> [TranscriptSegment] {
        var from = settledUntil
        return segments.map { segment in
            var segment = segment
            segment.startMilliseconds = max(segment.startMilliseconds, from)
            segment.endMilliseconds = max(segment.endMilliseconds, segment.startMilliseconds)
            from = segment.endMilliseconds
            segment.clampWords()
            return segment
        }
    }

    /// The segments are part of the transcript now; no later one begins before they end.
    mutating func settle(_ segments: [TranscriptSegment]) {
        if let last = segments.last { settledUntil = max(settledUntil, last.endMilliseconds) }
    }
}
