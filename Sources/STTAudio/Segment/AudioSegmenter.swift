import Foundation

/// Cuts a recording into chunks while it is being decoded.
///
/// Push the samples as they come; each call returns the chunks that have become certain. The chunks depend on the
/// samples alone, not on how they are spread over calls, and a segmenter made from a chunk's checkpoint yields exactly
/// the chunks that would have followed. At most about 40 s of audio are held.
///
/// - A chunk is never longer than 29 s, its lead-in included.
/// - Long silence is in no chunk; a recording without sound has no chunks.
/// - Cuts are made in pauses. Where there is none within reach, the cut is forced at the quietest point, and the next
///   chunk starts 1.5 s before it.
/// - Only the end of a recording can make a chunk shorter than 0.5 s.
public struct AudioSegmenter: Sendable {
    private let plan: CutPlan
    private let originSample: Int
    private var levels: FrameLevels
    private var samples: [Int16] = []
    private var firstSample: Int
    private var index: Int
    private var lastEnd: Int
    private var lastEndIsForced: Bool
    /// The first frame not yet searched for the start of speech, or the start of speech.
    private var searchFrame: Int
    private var hasSpeech = false
    private var isEnded = false
    private var evaluatedEnd = -1

    /// Makes a segmenter for a recording.
    ///
    /// - Parameters:
    ///   - startSample: Position of the first sample that will be pushed.
    ///   - firstIndex: Index of the first chunk; only chunk 0 is made short.
    public init(configuration: SegmenterConfiguration, startSample: Int = 0, firstIndex: Int = 0) {
        let checkpoint = SegmenterCheckpoint(
            nextIndex: firstIndex, endSample: startSample, endsInForcedCut: false, originSample: startSample)
        self.init(configuration: configuration, resumingAfter: checkpoint)
    }

    /// Makes a segmenter that goes on after a chunk. Push from ``SegmenterCheckpoint/resumeSample`` on.
    ///
    /// - Parameter configuration: The same as that of the segmenter which made the chunk.
    public init(configuration: SegmenterConfiguration, resumingAfter checkpoint: SegmenterCheckpoint) {
        plan = CutPlan(configuration)
        originSample = checkpoint.originSample
        levels = FrameLevels(startSample: checkpoint.resumeSample)
        firstSample = checkpoint.resumeSample
        index = checkpoint.nextIndex
        lastEnd = checkpoint.endSample
        lastEndIsForced = checkpoint.endsInForcedCut
        searchFrame = Self.frame(atOrAfter: checkpoint.endSample, origin: checkpoint.originSample)
    }

    /// Takes the next samples and returns the chunks that are now certain, in order.
    public mutating func push(_ samples: [Int16]) -> [AudioChunk] {
        precondition(!isEnded, "push after finish")
        self.samples += samples
        levels.append(samples)
        return takeChunks()
    }

    /// Ends the recording and returns the remaining chunks. Nothing may be pushed afterwards.
    public mutating func finish() -> [AudioChunk] {
        guard !isEnded else { return [] }
        isEnded = true
        levels.end()
        evaluatedEnd = -1
        return takeChunks()
    }

    private mutating func takeChunks() -> [AudioChunk] {
        guard levels.classifiedEnd != evaluatedEnd else { return [] }
        evaluatedEnd = levels.classifiedEnd
        var chunks: [AudioChunk] = []
        while findSpeech(), let cut = nextCut() {
            chunks.append(take(cut))
        }
        release()
        return chunks
    }

    /// Moves on to the first active frame; false where none is known yet.
    private mutating func findSpeech() -> Bool {
        while !hasSpeech, searchFrame < levels.classifiedEnd {
            if levels.isActive(searchFrame) { hasSpeech = true } else { searchFrame += 1 }
        }
        return hasSpeech
    }

    private struct Cut {
        var start: Int
        var leadIn: Int
        var end: Int
        var isForced: Bool
    }

    /// The next chunk in frames; `nil` while it could still turn out differently.
    private func nextCut() -> Cut? {
        let (start, leadIn) = nextStart
        let pauses = PauseFinder(levels: levels)
        if index == 0, let first = plan.firstRange,
            levels.confirmedEnd >= start + first.upperBound + plan.longSilence
        {
            if let end = silentEnd(start: start, before: start + first.upperBound) {
                return Cut(start: start, leadIn: leadIn, end: end, isForced: false)
            }
            if let end = pauses.bestPause(in: first.shifted(by: start)) {
                return Cut(start: start, leadIn: leadIn, end: end, isForced: false)
            }
        }

        let limit = start + plan.longest
        guard isEnded || levels.confirmedEnd >= limit + plan.longSilence else { return nil }
        if let end = silentEnd(start: start, before: min(limit, levels.endFrame)) {
            return Cut(start: start, leadIn: leadIn, end: end, isForced: false)
        }
        if isEnded, levels.endFrame <= limit {
            return Cut(start: start, leadIn: leadIn, end: levels.endFrame, isForced: false)
        }
        for range in plan.ranges {
            // A cut within the lead-in would make no progress.
            let lowest = max(start + range.lowerBound, start + leadIn + CutPlan.shortestChunk)
            guard lowest <= start + range.upperBound else { continue }
            if let end = pauses.bestPause(in: lowest...start + range.upperBound) {
                return Cut(start: start, leadIn: leadIn, end: end, isForced: false)
            }
        }
        let end = pauses.quietestFrame(in: plan.ranges[0].shifted(by: start))
        return Cut(start: start, leadIn: leadIn, end: end, isForced: true)
    }

    /// Where the next chunk starts, given where its speech starts.
    private var nextStart: (start: Int, leadIn: Int) {
        let endFrame = Self.frame(atOrAfter: lastEnd, origin: originSample)
        if searchFrame - endFrame > CutPlan.longestKeptGap { return (searchFrame - CutPlan.padding, 0) }
        return lastEndIsForced ? (endFrame - CutPlan.overlap, CutPlan.overlap) : (endFrame, 0)
    }

    /// The end of a chunk whose speech is followed by a long silence that begins before a frame.
    private func silentEnd(start: Int, before limit: Int) -> Int? {
        var runStart = searchFrame
        for frame in searchFrame..<min(limit + plan.longSilence, levels.classifiedEnd) {
            if levels.isActive(frame) {
                runStart = frame + 1
                if runStart >= limit { return nil }
            } else if frame + 1 - runStart >= plan.longSilence {
                let end = max(runStart + CutPlan.padding, start + CutPlan.shortestChunk)
                return min(end, start + plan.longest)
            }
        }
        return nil
    }

    private mutating func take(_ cut: Cut) -> AudioChunk {
        let startSample = max(cut.start * FrameLevels.samplesPerFrame, originSample)
        let endSample = min(cut.end * FrameLevels.samplesPerFrame, levels.endSample)
        let audio = Array(samples[startSample - firstSample..<endSample - firstSample])
        var speech = 0
        for frame in cut.start..<cut.end where levels.isActive(frame) {
            let frameStart = frame * FrameLevels.samplesPerFrame
            speech += min(frameStart + FrameLevels.samplesPerFrame, endSample) - max(frameStart, startSample)
        }
        let chunk = AudioChunk(
            index: index, startSample: startSample, endSample: endSample,
            leadInSamples: cut.leadIn * FrameLevels.samplesPerFrame, endsInForcedCut: cut.isForced, channels: [audio],
            pieces: [startSample..<endSample],
            speechSamples: speech, peakDBFS: Self.peakDBFS(audio),
            checkpoint: SegmenterCheckpoint(
                nextIndex: index + 1, endSample: endSample, endsInForcedCut: cut.isForced, originSample: originSample))
        index += 1
        lastEnd = endSample
        lastEndIsForced = cut.isForced
        searchFrame = cut.end
        hasSpeech = false
        return chunk
    }

    /// Forgets what no further chunk can hold, in steps of a second.
    private mutating func release() {
        let endFrame = Self.frame(atOrAfter: lastEnd, origin: originSample)
        let keepFrame =
            searchFrame - endFrame > CutPlan.longestKeptGap
            ? searchFrame - CutPlan.padding : endFrame - CutPlan.overlap
        // After a resumption, what is to be kept may not have come yet.
        let excess = min(keepFrame * FrameLevels.samplesPerFrame - firstSample, samples.count)
        guard excess >= PCM.sampleRate else { return }
        samples.removeFirst(excess)
        firstSample += excess
        levels.drop(before: keepFrame)
    }

    /// A frame's number from the position of a boundary; the first frame of all may start late.
    private static func frame(atOrAfter sample: Int, origin: Int) -> Int {
        sample == origin
            ? sample / FrameLevels.samplesPerFrame
            : (sample + FrameLevels.samplesPerFrame - 1) / FrameLevels.samplesPerFrame
    }

    private static func peakDBFS(_ samples: [Int16]) -> Double {
        let peak = samples.reduce(0) { max($0, abs(Int($1))) }
        return peak == 0 ? -100 : max(20 * log10(Double(peak) / 32768), -100)
    }
}

extension ClosedRange<Int> {
    fileprivate func shifted(by offset: Int) -> ClosedRange<Int> { lowerBound + offset...upperBound + offset }
}
