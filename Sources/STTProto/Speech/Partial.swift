internal import CSTTProto

/// A word and its time in the recording.
public struct Word: ProtoMessage, Hashable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    public var text: String
    /// 0 to 1.
    public var probability: Float

    public init(startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "", probability: Float = 0) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.probability = probability
    }
}

extension Word: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__Word>) { stt__v1__word__init(c) }

    init(_ c: Stt__V1__Word, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(clamping: c.start_ms)
        endMilliseconds = Int(clamping: c.end_ms)
        text = try reader.string(c.text)
        probability = c.probability
    }

    func write(to c: inout Stt__V1__Word, _ arena: ProtoArena) {
        c.start_ms = UInt64(clamping: startMilliseconds)
        c.end_ms = UInt64(clamping: endMilliseconds)
        c.text = arena.string(text)
        c.probability = probability
    }
}

/// A line of a transcript.
public struct Segment: ProtoMessage, Hashable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    public var text: String
    public var avgLogProbability: Float
    public var noSpeechProbability: Float
    /// Empty unless word times were asked for.
    public var words: [Word]
    /// From 1. 0: the channels were mixed.
    public var channel: Int
    /// Why the text may be wrong, such as "low_probability". Empty: nothing speaks against it.
    public var flags: [String]

    public init(
        startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "", avgLogProbability: Float = 0,
        noSpeechProbability: Float = 0, words: [Word] = [], channel: Int = 0, flags: [String] = []
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

extension Segment: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__Segment>) { stt__v1__segment__init(c) }

    init(_ c: Stt__V1__Segment, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(clamping: c.start_ms)
        endMilliseconds = Int(clamping: c.end_ms)
        text = try reader.string(c.text)
        avgLogProbability = c.avg_logprob
        noSpeechProbability = c.no_speech_prob
        words = try reader.messages(c.n_words, c.words)
        channel = Int(c.channel)
        flags = try reader.strings(c.n_flags, c.flags)
    }

    func write(to c: inout Stt__V1__Segment, _ arena: ProtoArena) {
        c.start_ms = UInt64(clamping: startMilliseconds)
        c.end_ms = UInt64(clamping: endMilliseconds)
        c.text = arena.string(text)
        c.avg_logprob = avgLogProbability
        c.no_speech_prob = noSpeechProbability
        (c.n_words, c.words) = arena.messages(words)
        c.channel = UInt32(clamping: channel)
        (c.n_flags, c.flags) = arena.strings(flags)
    }
}

/// A stretch of the recording that has no transcript.
public struct Gap: ProtoMessage, Hashable {
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// A stable name, such as "engine.crashed".
    public var code: String
    public var message: String

    public init(startMilliseconds: Int = 0, endMilliseconds: Int = 0, code: String = "", message: String = "") {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.code = code
        self.message = message
    }
}

extension Gap: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__Gap>) { stt__v1__gap__init(c) }

    init(_ c: Stt__V1__Gap, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(clamping: c.start_ms)
        endMilliseconds = Int(clamping: c.end_ms)
        code = try reader.string(c.code)
        message = try reader.string(c.message)
    }

    func write(to c: inout Stt__V1__Gap, _ arena: ProtoArena) {
        c.start_ms = UInt64(clamping: startMilliseconds)
        c.end_ms = UInt64(clamping: endMilliseconds)
        c.code = arena.string(code)
        c.message = arena.string(message)
    }
}

/// The transcript of one chunk.
public struct Partial: ProtoMessage, Hashable {
    /// Counts from 0 without holes: also the sequence number to resume after.
    public var chunk: Int
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// Whole lines, one a segment. In order, the texts of a job concatenated are its txt result, byte for byte.
    public var text: String
    public var segments: [Segment]
    public var gaps: [Gap]
    /// Time the engine took for this chunk.
    public var engineMilliseconds: Int
    public var attempts: Int
    /// What the quality guards did, in the order of time.
    public var guards: [GuardNoteMessage]

    public init(
        chunk: Int = 0, startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "",
        segments: [Segment] = [], gaps: [Gap] = [], engineMilliseconds: Int = 0, attempts: Int = 0,
        guards: [GuardNoteMessage] = []
    ) {
        self.chunk = chunk
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.segments = segments
        self.gaps = gaps
        self.engineMilliseconds = engineMilliseconds
        self.attempts = attempts
        self.guards = guards
    }
}

extension Partial: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__Partial>) { stt__v1__partial__init(c) }

    init(_ c: Stt__V1__Partial, _ reader: ProtoReader) throws(ProtoError) {
        chunk = Int(c.chunk)
        startMilliseconds = Int(clamping: c.start_ms)
        endMilliseconds = Int(clamping: c.end_ms)
        text = try reader.string(c.text)
        segments = try reader.messages(c.n_segments, c.segments)
        gaps = try reader.messages(c.n_gaps, c.gaps)
        engineMilliseconds = Int(clamping: c.engine_ms)
        attempts = Int(c.attempts)
        guards = try reader.messages(c.n_guards, c.guards)
    }

    func write(to c: inout Stt__V1__Partial, _ arena: ProtoArena) {
        c.chunk = UInt32(clamping: chunk)
        c.start_ms = UInt64(clamping: startMilliseconds)
        c.end_ms = UInt64(clamping: endMilliseconds)
        c.text = arena.string(text)
        (c.n_segments, c.segments) = arena.messages(segments)
        (c.n_gaps, c.gaps) = arena.messages(gaps)
        c.engine_ms = UInt64(clamping: engineMilliseconds)
        c.attempts = UInt32(clamping: attempts)
        (c.n_guards, c.guards) = arena.messages(guards)
    }
}
