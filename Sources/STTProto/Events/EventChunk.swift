internal import CSTTProto

/// A chunk as it is committed. Strings that are empty stand for none.
package struct EventChunk: ProtoMessage, Hashable {
    package enum State: UInt32, Sendable {
        case unspecified = 0
        case pending = 1
        case running = 2
        case done = 3
        case cancelled = 4
    }

    package var index: Int
    package var startSample: Int
    package var endSample: Int
    package var leadInSamples: Int
    package var endsInForcedCut: Bool
    package var state: State
    package var attempts: Int
    package var claims: Int
    package var releases: Int
    package var result: EventResult?
    package var lastFailure: EventFailure?
    package var checkpoint: String

    package init(
        index: Int = 0, startSample: Int = 0, endSample: Int = 0, leadInSamples: Int = 0, endsInForcedCut: Bool = false,
        state: State = .unspecified, attempts: Int = 0, claims: Int = 0, releases: Int = 0, result: EventResult? = nil,
        lastFailure: EventFailure? = nil, checkpoint: String = ""
    ) {
        self.index = index
        self.startSample = startSample
        self.endSample = endSample
        self.leadInSamples = leadInSamples
        self.endsInForcedCut = endsInForcedCut
        self.state = state
        self.attempts = attempts
        self.claims = claims
        self.releases = releases
        self.result = result
        self.lastFailure = lastFailure
        self.checkpoint = checkpoint
    }
}

extension EventChunk: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__Chunk>) {
        stt__internal__v1__chunk__init(c)
    }

    init(_ c: Stt__Internal__V1__Chunk, _ reader: ProtoReader) throws(ProtoError) {
        index = Int(c.index)
        startSample = Int(c.start_sample)
        endSample = Int(c.end_sample)
        leadInSamples = Int(c.lead_in_samples)
        endsInForcedCut = c.ends_in_forced_cut != 0
        state = State(rawValue: UInt32(truncatingIfNeeded: c.state.rawValue)) ?? .unspecified
        attempts = Int(c.attempts)
        claims = Int(c.claims)
        releases = Int(c.releases)
        result = try reader.message(c.result)
        lastFailure = try reader.message(c.last_failure)
        checkpoint = try reader.string(c.checkpoint)
    }

    func write(to c: inout Stt__Internal__V1__Chunk, _ arena: ProtoArena) {
        c.index = UInt32(clamping: index)
        c.start_sample = Int64(startSample)
        c.end_sample = Int64(endSample)
        c.lead_in_samples = Int64(leadInSamples)
        c.ends_in_forced_cut = endsInForcedCut ? 1 : 0
        c.state = Stt__Internal__V1__Chunk__State(state.rawValue)
        c.attempts = UInt32(clamping: attempts)
        c.claims = UInt32(clamping: claims)
        c.releases = UInt32(clamping: releases)
        c.result = arena.message(result)
        c.last_failure = arena.message(lastFailure)
        c.checkpoint = arena.string(checkpoint)
    }
}

/// Why something failed.
package struct EventFailure: ProtoMessage, Hashable {
    package var code: String
    package var message: String

    package init(
        code: String = "", message: String = ""
    ) {
        self.code = code
        self.message = message
    }
}

extension EventFailure: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__Failure>) {
        stt__internal__v1__failure__init(c)
    }

    init(_ c: Stt__Internal__V1__Failure, _ reader: ProtoReader) throws(ProtoError) {
        code = try reader.string(c.code)
        message = try reader.string(c.message)
    }

    func write(to c: inout Stt__Internal__V1__Failure, _ arena: ProtoArena) {
        c.code = arena.string(code)
        c.message = arena.string(message)
    }
}
