/// What an engine made of a chunk. Times are milliseconds from the start of the recording.
public struct ChunkResult: Sendable, Hashable, Codable {
    public var segments: [TranscriptSegment]
    /// Stretches without a transcript: the whole chunk, or a part of it, whose every attempt failed.
    public var gaps: [TranscriptGap]
    /// ISO 639-1 code, where the engine told.
    public var language: String?
    /// Name of the engine, such as "whisper-server".
    public var engine: String
    public var engineMilliseconds: Int
    /// What the quality guards did, in the order of time.
    public var guards: [GuardNote]

    public init(
        segments: [TranscriptSegment], gaps: [TranscriptGap] = [], language: String? = nil, engine: String,
        engineMilliseconds: Int, guards: [GuardNote] = []
    ) {
        self.segments = segments
        self.gaps = gaps
        self.language = language
        self.engine = engine
        self.engineMilliseconds = engineMilliseconds
        self.guards = guards
    }
}

/// A run of words that the engine took for one line.
public struct TranscriptSegment: Sendable, Hashable, Codable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// One line, no white space at its ends.
    public var text: String
    /// Mean natural logarithm of the tokens' probabilities.
    public var avgLogProbability: Double
    /// 0 to 1.
    public var noSpeechProbability: Double
    /// Empty unless word times were asked for, or the chunk touches a forced cut.
    public var words: [TranscriptWord]
    /// From 1; `nil` where the channels were mixed.
    public var channel: Int?
    /// Why the text may be wrong; empty where nothing speaks against it.
    public var flags: [SegmentFlag]

    public init(
        startMilliseconds: Int, endMilliseconds: Int, text: String, avgLogProbability: Double = 0,
        noSpeechProbability: Double = 0, words: [TranscriptWord] = [], channel: Int? = nil, flags: [SegmentFlag] = []
    ) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.avgLogProbability = avgLogProbability
        self.noSpeechProbability = noSpeechProbability
        self.words = words
        self.channel = channel
        self.flags = flags
    }
}

public struct TranscriptWord: Sendable, Hashable, Codable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// With its punctuation, without white space.
    public var text: String
    /// 0 to 1.
    public var probability: Double

    public init(startMilliseconds: Int, endMilliseconds: Int, text: String, probability: Double) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.probability = probability
    }
}

/// A stretch of the recording that has no transcript, and why.
public struct TranscriptGap: Sendable, Hashable, Codable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    public var cause: JobFailure

    public init(startMilliseconds: Int, endMilliseconds: Int, cause: JobFailure) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.cause = cause
    }
}
