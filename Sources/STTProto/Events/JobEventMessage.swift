internal import CSTTProto

/// What servers and workers tell each other about a job, `stt.internal.v1`.
package struct JobEventMessage: ProtoMessage, Hashable {
    package enum Event: Sendable, Hashable {
        case chunkDone(EventChunk)
        case jobChanged
    }

    package var job: String
    package var event: Event

    package init(job: String, event: Event) {
        self.job = job
        self.event = event
    }
}

extension JobEventMessage: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__JobEvent>) {
        stt__internal__v1__job_event__init(c)
    }

    init(_ c: Stt__Internal__V1__JobEvent, _ reader: ProtoReader) throws(ProtoError) {
        job = try reader.string(c.job)
        switch c.event_case {
        case STT__INTERNAL__V1__JOB_EVENT__EVENT_CHUNK_DONE:
            guard let chunk: EventChunk = try reader.message(c.chunk_done) else { throw .malformed }
            event = .chunkDone(chunk)
        case STT__INTERNAL__V1__JOB_EVENT__EVENT_JOB_CHANGED: event = .jobChanged
        default: throw .malformed
        }
    }

    func write(to c: inout Stt__Internal__V1__JobEvent, _ arena: ProtoArena) {
        c.job = arena.string(job)
        switch event {
        case .chunkDone(let chunk):
            c.event_case = STT__INTERNAL__V1__JOB_EVENT__EVENT_CHUNK_DONE
            c.chunk_done = arena.message(chunk)
        case .jobChanged:
            c.event_case = STT__INTERNAL__V1__JOB_EVENT__EVENT_JOB_CHANGED
            c.job_changed = arena.message(JobChangedMessage())
        }
    }
}

struct JobChangedMessage: GeneratedMessage {
    init() {}

    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__JobChanged>) {
        stt__internal__v1__job_changed__init(c)
    }

    init(_ c: Stt__Internal__V1__JobChanged, _ reader: ProtoReader) throws(ProtoError) {}

    func write(to c: inout Stt__Internal__V1__JobChanged, _ arena: ProtoArena) {}
}

/// What all workers are told, `stt.internal.v1`.
package struct ControlEventMessage: ProtoMessage, Hashable {
    /// The job whose engines are to be stopped.
    package var stop: String

    package init(stop: String) {
        self.stop = stop
    }
}

extension ControlEventMessage: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__Internal__V1__ControlEvent>) {
        stt__internal__v1__control_event__init(c)
    }

    init(_ c: Stt__Internal__V1__ControlEvent, _ reader: ProtoReader) throws(ProtoError) {
        guard c.event_case == STT__INTERNAL__V1__CONTROL_EVENT__EVENT_STOP else { throw .malformed }
        stop = try reader.string(c.stop)
        // No job has this id, and protobuf-c does not write an empty string.
        guard !stop.isEmpty else { throw .malformed }
    }

    func write(to c: inout Stt__Internal__V1__ControlEvent, _ arena: ProtoArena) {
        c.event_case = STT__INTERNAL__V1__CONTROL_EVENT__EVENT_STOP
        c.stop = arena.string(stop)
    }
}
