/// Cuts a recording into chunks while it is being decoded.
///
/// Push the samples as they come; each call returns the chunks that have become certain. The chunks depend on the
/// samples (and verdicts) alone, not on how they are spread over calls, and a segmenter made from a chunk's checkpoint
/// yields exactly the chunks that would have followed. At most about 100 s of audio are held.
///
/// - A chunk is never longer than 29 s, its lead-in included.
/// - What is not active (silence, or with a detector what is not speech) is left out where it is long: at the ends of
///   chunks and inside of them, where the rest is joined and ``AudioChunk/pieces`` says what it is made of. A recording
///   without activity has no chunks.
/// - Cuts are made in pauses. Where there is none within reach, the cut is forced at the quietest point, and the next
///   chunk starts 1.5 s before it.
/// - Only the end of a recording can make a chunk shorter than 0.5 s.
public struct AudioSegmenter: Sendable {
    let plan: CutPlan
    var activity: FrameActivity
    var index: Int
    /// The first frame not yet searched for the start of speech, or the start of speech.
    var searchFrame: Int
    private(set) var isEnded = false

    private let originSample: Int
    private var samples: [[Int16]] = []
    private var firstSample: Int
    private var lastEnd: Int
    private var lastEndIsForced: Bool
    private var hasSpeech = false
    /// What was known when the last cut was looked for.
    private var evaluated = (-1, -1)

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
        activity = FrameActivity(startSample: checkpoint.resumeSample, usesVerdicts: plan.usesVerdicts)
        firstSample = checkpoint.resumeSample
        index = checkpoint.nextIndex
        lastEnd = checkpoint.endSample
        lastEndIsForced = checkpoint.endsInForcedCut
        searchFrame = Self.frame(atOrAfter: checkpoint.endSample, origin: checkpoint.originSample)
    }

    /// Takes the next samples of one channel and returns the chunks that are now certain, in order.
    public mutating func push(_ samples: [Int16]) -> [AudioChunk] { push(channels: [samples]) }

    /// Takes the next samples: one array for each channel, all of the same length, and as many channels at each call; or
    /// none. A frame is active where one of the channels is.
    public mutating func push(channels: [[Int16]]) -> [AudioChunk] {
        precondition(!isEnded, "push after finish")
        // What ends a recording may be windows alone.
        guard !channels.isEmpty else { return [] }
        if samples.isEmpty {
            samples = channels
        } else {
            precondition(channels.count == samples.count, "the number of channels must not change")
            for (channel, more) in channels.enumerated() { samples[channel] += more }
        }
        activity.append(channels)
        return takeChunks()
    }

    /// Takes what a speech detector says of the next stretch, and returns the chunks that are now certain, in order.
    /// Only in mode `speech`; what it says nothing of until ``finish()`` is judged by its loudness.
    public mutating func push(_ verdict: SpeechWindow) -> [AudioChunk] {
        precondition(!isEnded, "push after finish")
        activity.append(verdict)
        return takeChunks()
    }

    /// Ends the recording and returns the remaining chunks. Nothing may be pushed afterwards.
    public mutating func finish() -> [AudioChunk] {
        guard !isEnded else { return [] }
        isEnded = true
        activity.end()
        evaluated = (-1, -1)
        return takeChunks()
    }

    private mutating func takeChunks() -> [AudioChunk] {
        let known = (activity.classifiedEnd, activity.levels.classifiedEnd)
        guard known != evaluated else { return [] }
        evaluated = known
        var chunks: [AudioChunk] = []
        while findSpeech(), let cut = nextCut() {
            chunks.append(take(cut))
        }
        release()
        return chunks
    }

    /// Moves on to the first active frame; false where none is known yet.
    private mutating func findSpeech() -> Bool {
        let end = activity.classifiedEnd
        while !hasSpeech, searchFrame < end {
            if activity.isActive(searchFrame) { hasSpeech = true } else { searchFrame += 1 }
        }
        return hasSpeech
    }

    /// Where the next chunk starts, given where its speech starts. It depends on nothing before the last chunk's end, so
    /// that a resumed run finds the same.
    var nextStart: (start: Int, leadIn: Int) {
        let endFrame = Self.frame(atOrAfter: lastEnd, origin: originSample)
        if skipsGap(after: endFrame) { return (searchFrame - plan.padding, 0) }
        return lastEndIsForced ? (endFrame - CutPlan.overlap, CutPlan.overlap) : (endFrame, 0)
    }

    private func skipsGap(after endFrame: Int) -> Bool { searchFrame - endFrame > plan.longestKeptGap }

    private mutating func take(_ cut: Cut) -> AudioChunk {
        let pieces = cut.stretches.map { frames in
            let start = max(frames.lowerBound * FrameLevels.samplesPerFrame, originSample)
            return start..<min(frames.upperBound * FrameLevels.samplesPerFrame, activity.levels.endSample)
        }
        let endSample = pieces.last?.upperBound ?? lastEnd
        let audio = samples.map { channel in
            var audio: [Int16] = []
            audio.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
            for piece in pieces { audio += channel[piece.lowerBound - firstSample..<piece.upperBound - firstSample] }
            return audio
        }
        let chunk = AudioChunk(
            index: index, startSample: pieces.first?.lowerBound ?? lastEnd, endSample: endSample,
            leadInSamples: cut.leadIn * FrameLevels.samplesPerFrame, endsInForcedCut: cut.isForced, channels: audio,
            pieces: pieces, speechSamples: speechSamples(cut.stretches, pieces), peakDBFS: PCM.peakDBFS(audio),
            checkpoint: SegmenterCheckpoint(
                nextIndex: index + 1, endSample: endSample, endsInForcedCut: cut.isForced, originSample: originSample))
        index += 1
        lastEnd = endSample
        lastEndIsForced = cut.isForced
        searchFrame = cut.end
        hasSpeech = false
        return chunk
    }

    private func speechSamples(_ stretches: [Range<Int>], _ pieces: [Range<Int>]) -> Int {
        var speech = 0
        for (frames, piece) in zip(stretches, pieces) {
            for frame in frames where activity.isActive(frame) {
                let start = frame * FrameLevels.samplesPerFrame
                speech += min(start + FrameLevels.samplesPerFrame, piece.upperBound) - max(start, piece.lowerBound)
            }
        }
        return speech
    }

    /// Forgets what no further chunk can hold, in steps of a second.
    private mutating func release() {
        let endFrame = Self.frame(atOrAfter: lastEnd, origin: originSample)
        let keepFrame = skipsGap(after: endFrame) ? searchFrame - plan.padding : endFrame - CutPlan.overlap
        // After a resumption, what is to be kept may not have come yet.
        let excess = min(keepFrame * FrameLevels.samplesPerFrame - firstSample, samples.first?.count ?? 0)
        guard excess >= PCM.sampleRate else { return }
        for channel in samples.indices { samples[channel].removeFirst(excess) }
        firstSample += excess
        activity.drop(before: keepFrame)
    }

    /// A frame's number from the position of a boundary; the first frame of all may start late.
    private static func frame(atOrAfter sample: Int, origin: Int) -> Int {
        sample == origin
            ? sample / FrameLevels.samplesPerFrame
            : (sample + FrameLevels.samplesPerFrame - 1) / FrameLevels.samplesPerFrame
    }
}
