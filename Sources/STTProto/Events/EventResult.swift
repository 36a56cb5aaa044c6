internal import CSTTProto

/// What an engine made of a chunk. Times are milliseconds.
package struct EventResult: ProtoMessage, Hashable {
    package var segments: [EventSegment]
    package var gaps: [EventGap]
    package var language: String
    package var engine: String
    package var engineMilliseconds: Int
    package var guards: [EventGuardNote]

    package init(
        segments: [EventSegment] = [], gaps: [EventGap] = [], language: String = "", engine: String = "",
        engineMilliseconds: Int = 0, guards: [EventGuardNote] = []
    ) {
        self.segments = segments
        self.gaps = gaps
        self.language = language
        self.engine = engine
        self.engineMilliseconds = engineMilliseconds
        self.guards = guards
    }
}

extension EventResult: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__ChunkResult>) {
        stt__internal__v1__chunk_result__init(c)
    }

    init(_ c: Stt__Internal__V1__ChunkResult, _ reader: ProtoReader) throws(ProtoError) {
        segments = try reader.messages(c.n_segments, c.segments)
        gaps = try reader.messages(c.n_gaps, c.gaps)
        language = try reader.string(c.language)
        engine = try reader.string(c.engine)
        engineMilliseconds = Int(c.engine_ms)
        guards = try reader.messages(c.n_guards, c.guards)
    }

    func write(to c: inout Stt__Internal__V1__ChunkResult, _ arena: ProtoArena) {
        (c.n_segments, c.segments) = arena.messages(segments)
        (c.n_gaps, c.gaps) = arena.messages(gaps)
        c.language = arena.string(language)
        c.engine = arena.string(engine)
        c.engine_ms = Int64(engineMilliseconds)
        (c.n_guards, c.guards) = arena.messages(guards)
    }
}

/// A run of words.
package struct EventSegment: ProtoMessage, Hashable {
    package var startMilliseconds: Int
    package var endMilliseconds: Int
    package var text: String
    package var avgLogProbability: Double
    package var noSpeechProbability: Double
    package var words: [EventWord]
    /// 0: the channels were mixed.
    package var channel: Int
    package var flags: [String]

    package init(
        startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "", avgLogProbability: Double = 0,
        noSpeechProbability: Double = 0, words: [EventWord] = [], channel: Int = 0, flags: [String] = []
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

extension EventSegment: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__Segment>) {
        stt__internal__v1__segment__init(c)
    }

    init(_ c: Stt__Internal__V1__Segment, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(c.start_ms)
        endMilliseconds = Int(c.end_ms)
        text = try reader.string(c.text)
        avgLogProbability = c.avg_logprob
        noSpeechProbability = c.no_speech_prob
        words = try reader.messages(c.n_words, c.words)
        channel = Int(c.channel)
        flags = try reader.strings(c.n_flags, c.flags)
    }

    func write(to c: inout Stt__Internal__V1__Segment, _ arena: ProtoArena) {
        c.start_ms = Int64(startMilliseconds)
        c.end_ms = Int64(endMilliseconds)
        c.text = arena.string(text)
        c.avg_logprob = avgLogProbability
        c.no_speech_prob = noSpeechProbability
        (c.n_words, c.words) = arena.messages(words)
        c.channel = UInt32(clamping: channel)
        (c.n_flags, c.flags) = arena.strings(flags)
    }
}

/// Something that a quality guard did.
package struct EventGuardNote: ProtoMessage, Hashable {
    package var kind: String
    package var startMilliseconds: Int
    package var endMilliseconds: Int
    package var detail: String

    package init(
        kind: String = "", startMilliseconds: Int = 0, endMilliseconds: Int = 0, detail: String = ""
    ) {
        self.kind = kind
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.detail = detail
    }
}

extension EventGuardNote: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__GuardNote>) {
        stt__internal__v1__guard_note__init(c)
    }

    init(_ c: Stt__Internal__V1__GuardNote, _ reader: ProtoReader) throws(ProtoError) {
        kind = try reader.string(c.kind)
        startMilliseconds = Int(c.start_ms)
        endMilliseconds = Int(c.end_ms)
        detail = try reader.string(c.detail)
    }

    func write(to c: inout Stt__Internal__V1__GuardNote, _ arena: ProtoArena) {
        c.kind = arena.string(kind)
        c.start_ms = Int64(startMilliseconds)
        c.end_ms = Int64(endMilliseconds)
        c.detail = arena.string(detail)
    }
}

/// A word.
package struct EventWord: ProtoMessage, Hashable {
    package var startMilliseconds: Int
    package var endMilliseconds: Int
    package var text: String
    package var probability: Double

    package init(
        startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "", probability: Double = 0
    ) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.probability = probability
    }
}

extension EventWord: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__Word>) {
        stt__internal__v1__word__init(c)
    }

    init(_ c: Stt__Internal__V1__Word, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(c.start_ms)
        endMilliseconds = Int(c.end_ms)
        text = try reader.string(c.text)
        probability = c.probability
    }

    func write(to c: inout Stt__Internal__V1__Word, _ arena: ProtoArena) {
        c.start_ms = Int64(startMilliseconds)
        c.end_ms = Int64(endMilliseconds)
        c.text = arena.string(text)
        c.probability = probability
    }
}

/// A stretch without a transcript.
package struct EventGap: ProtoMessage, Hashable {
    package var startMilliseconds: Int
    package var endMilliseconds: Int
    package var cause: EventFailure?

    package init(
        startMilliseconds: Int = 0, endMilliseconds: Int = 0, cause: EventFailure? = nil
    ) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.cause = cause
    }
}

extension EventGap: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__Gap>) {
        stt__internal__v1__gap__init(c)
    }

    init(_ c: Stt__Internal__V1__Gap, _ reader: ProtoReader) throws(ProtoError) {
        startMilliseconds = Int(c.start_ms)
        endMilliseconds = Int(c.end_ms)
        cause = try reader.message(c.cause)
    }

    func write(to c: inout Stt__Internal__V1__Gap, _ arena: ProtoArena) {
        c.start_ms = Int64(startMilliseconds)
        c.end_ms = Int64(endMilliseconds)
        c.cause = arena.message(cause)
    }
}
