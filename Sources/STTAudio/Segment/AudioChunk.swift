/// A piece of a recording to be transcribed on its own.
public struct AudioChunk: Sendable, Equatable {
    /// Position in the order of chunks, counted from 0 without gaps.
    public var index: Int
    /// Position of the first sample in the recording, lead-in included.
    public var startSample: Int
    /// Position after the last sample.
    public var endSample: Int
    /// Samples at the start that the previous chunk holds too; more than 0 only after a forced cut.
    public var leadInSamples: Int
    /// The end is inside speech: the next chunk repeats the last samples of this one as its lead-in.
    public var endsInForcedCut: Bool
    /// The audio at 16 kHz: one array, or one per channel where channels are kept apart, all of the same length.
    public var channels: [[Int16]]
    /// The stretches of the recording that the audio is made of: from ``startSample`` to ``endSample``, rising, without
    /// what was left out between them. Together as long as each channel.
    public var pieces: [Range<Int>]
    /// Samples that lie in active frames: above the silence gate, or speech.
    public var speechSamples: Int
    /// The loudest sample, in dB relative to full scale (0 at most, -100 at least).
    public var peakDBFS: Double
    /// Where a segmenter goes on after this chunk.
    public var checkpoint: SegmenterCheckpoint

    /// The audio of the first channel.
    public var samples: [Int16] { channels.first ?? [] }

    /// Share of the chunk that is active, 0…1.
    public var activeRatio: Double {
        samples.isEmpty ? 0 : Double(speechSamples) / Double(samples.count)
    }
}

/// Where segmenting goes on after a chunk: enough to yield exactly the chunks that an uninterrupted run would have.
///
/// It holds no signal state. A new segmenter reads ``resumeSample`` onwards, which is some seconds before the chunk's
/// end, and so sees everything its decisions depend on.
public struct SegmenterCheckpoint: Sendable, Equatable, Codable {
    /// Index of the next chunk.
    public var nextIndex: Int
    /// ``AudioChunk/endSample`` of the last chunk.
    public var endSample: Int
    /// ``AudioChunk/endsInForcedCut`` of the last chunk.
    public var endsInForcedCut: Bool
    /// The first sample of the recording; 0 unless the very first segmenter started elsewhere.
    public var originSample: Int

    /// Makes a checkpoint from what is stored of a chunk.
    public init(nextIndex: Int, endSample: Int, endsInForcedCut: Bool, originSample: Int = 0) {
        self.nextIndex = nextIndex
        self.endSample = endSample
        self.endsInForcedCut = endsInForcedCut
        self.originSample = originSample
    }

    /// The first sample to push into the segmenter that goes on from here.
    public var resumeSample: Int {
        let bucket = endSample / FrameLevels.samplesPerBucket - FrameLevels.warmUpBuckets
        let window = SpeechWindow.start(ofWindowAt: endSample - SpeechWindow.margin) - SpeechWindow.warmUp
        return max(originSample, min(bucket * FrameLevels.samplesPerBucket, window))
    }
}
