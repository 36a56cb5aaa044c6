internal import CSTTProto

/// What an engine made of a chunk. Times are milliseconds.
package struct EventResult: ProtoMessage, Hashable {
    package var segments: [EventSegment]
    package var gaps: [EventGap]
    package var language: String
    package var engine: String
    package var engineMilliseconds: Int

    package init(
        segments: [EventSegment] = [], gaps: [EventGap] = [], language: String = "", engine: String = "",
        engineMilliseconds: Int = 0
    ) {
        self.segments = segments
        self.gaps = gaps
        self.language = language
        self.engine = engine
        self.engineMilliseconds = engineMilliseconds
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
    }

    func write(to c: inout Stt__Internal__V1__ChunkResult, _ arena: ProtoArena) {
        (c.n_segments, c.segments) = arena.messages(segments)
        (c.n_gaps, c.gaps) = arena.messages(gaps)
        c.language = arena.string(language)
        c.engine = arena.string(engine)
        c.engine_ms = Int64(engineMilliseconds)
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

    package init(
        startMilliseconds: Int = 0, endMilliseconds: Int = 0, text: String = "", avgLogProbability: Double = 0,
        noSpeechProbability: Double = 0, words: [EventWord] = []
    ) {
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.text = text
        self.avgLogProbability = avgLogProbability
        self.noSpeechProbability = noSpeechProbability
        self.words = words
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
    }

    func write(to c: inout Stt__Internal__V1__Segment, _ arena: ProtoArena) {
        c.start_ms = Int64(startMilliseconds)
        c.end_ms = Int64(endMilliseconds)
        c.text = arena.string(text)
        c.avg_logprob = avgLogProbability
        c.no_speech_prob = noSpeechProbability
        (c.n_words, c.words) = arena.messages(words)
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
