internal import STTCore
internal import STTProto

extension EventResult {
    init(_ result: ChunkResult) {
        self.init(
            segments: result.segments.map { EventSegment($0) }, gaps: result.gaps.map { EventGap($0) },
            language: result.language ?? "", engine: result.engine, engineMilliseconds: result.engineMilliseconds,
            guards: result.guards.map { EventGuardNote($0) })
    }
}

extension EventSegment {
    init(_ segment: TranscriptSegment) {
        self.init(
            startMilliseconds: segment.startMilliseconds, endMilliseconds: segment.endMilliseconds, text: segment.text,
            avgLogProbability: segment.avgLogProbability, noSpeechProbability: segment.noSpeechProbability,
            words: segment.words.map {
                EventWord(
                    startMilliseconds: $0.startMilliseconds, endMilliseconds: $0.endMilliseconds, text: $0.text,
                    probability: $0.probability)
            }, channel: segment.channel ?? 0, flags: segment.flags.map(\.rawValue))
    }
}

extension EventGuardNote {
    init(_ note: GuardNote) {
        self.init(
            kind: note.kind.rawValue, startMilliseconds: note.startMilliseconds, endMilliseconds: note.endMilliseconds,
            detail: note.detail)
    }
}

extension EventGap {
    init(_ gap: TranscriptGap) {
        self.init(
            startMilliseconds: gap.startMilliseconds, endMilliseconds: gap.endMilliseconds,
            cause: EventFailure(gap.cause))
    }
}

extension ChunkResult {
    init(_ message: EventResult) throws(EventCodec.Unreadable) {
        self.init(
            segments: try EventCodec.all(message.segments) { segment throws(EventCodec.Unreadable) in
                try TranscriptSegment(segment)
            },
            gaps: try EventCodec.all(message.gaps) { gap throws(EventCodec.Unreadable) in try TranscriptGap(gap) },
            language: message.language.isEmpty ? nil : message.language, engine: message.engine,
            engineMilliseconds: try EventCodec.position(message.engineMilliseconds),
            guards: try EventCodec.all(message.guards) { note throws(EventCodec.Unreadable) in try GuardNote(note) }
                .compactMap(\.self))
    }
}

extension TranscriptSegment {
    init(_ message: EventSegment) throws(EventCodec.Unreadable) {
        self.init(
            startMilliseconds: try EventCodec.time(message.startMilliseconds),
            endMilliseconds: try EventCodec.time(message.endMilliseconds), text: message.text,
            avgLogProbability: try EventCodec.real(message.avgLogProbability),
            noSpeechProbability: try EventCodec.real(message.noSpeechProbability),
            words: try EventCodec.all(message.words) { word throws(EventCodec.Unreadable) in
                TranscriptWord(
                    startMilliseconds: try EventCodec.time(word.startMilliseconds),
                    endMilliseconds: try EventCodec.time(word.endMilliseconds), text: word.text,
                    probability: try EventCodec.real(word.probability))
            }, channel: message.channel == 0 ? nil : message.channel, flags: message.flags.compactMap(SegmentFlag.init))
    }
}

extension GuardNote {
    /// `nil` for a kind that this version does not know.
    init?(_ message: EventGuardNote) throws(EventCodec.Unreadable) {
        guard let kind = Kind(rawValue: message.kind) else { return nil }
        self.init(
            kind: kind, startMilliseconds: try EventCodec.time(message.startMilliseconds),
            endMilliseconds: try EventCodec.time(message.endMilliseconds), detail: message.detail)
    }
}

extension TranscriptGap {
    init(_ message: EventGap) throws(EventCodec.Unreadable) {
        guard let cause = message.cause else { throw EventCodec.Unreadable() }
        self.init(
            startMilliseconds: try EventCodec.time(message.startMilliseconds),
            endMilliseconds: try EventCodec.time(message.endMilliseconds), cause: JobFailure(cause))
    }
}
