internal import CSTTProto

/// Asks for the pieces of a transcript as they are made.
public struct StreamResultRequest: ProtoMessage, Hashable {
    public var jobID: String
    /// The first chunk to send, from 0.
    public var fromChunk: Int
    public var order: DeliveryOrder

    public init(jobID: String = "", fromChunk: Int = 0, order: DeliveryOrder = .inOrder) {
        self.jobID = jobID
        self.fromChunk = fromChunk
        self.order = order
    }
}

extension StreamResultRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__StreamResultRequest>) {
        stt__v1__stream_result_request__init(c)
    }

    init(_ c: Stt__V1__StreamResultRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
        fromChunk = Int(c.from_chunk)
        order = DeliveryOrder(c.order)
    }

    func write(to c: inout Stt__V1__StreamResultRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
        c.from_chunk = UInt32(clamping: fromChunk)
        c.order = order.c
    }
}

/// One event of a result stream.
public enum StreamResultReply: ProtoMessage, Hashable {
    case partial(Partial)
    /// Sent when the state or the chunk counts change, and last with a terminal state. Out of line: it is much larger than a
    /// partial, which every stream is full of.
    indirect case status(JobStatus)
    /// An event that this version does not know; to be skipped.
    case unrecognized
}

extension StreamResultReply: GeneratedMessage {
    public func withEncodedBytes(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool { withPackedBytes(body) }

    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__StreamResultReply>) {
        stt__v1__stream_result_reply__init(c)
    }

    init(_ c: Stt__V1__StreamResultReply, _ reader: ProtoReader) throws(ProtoError) {
        switch c.event_case {
        case STT__V1__STREAM_RESULT_REPLY__EVENT_PARTIAL:
            guard let partial: Partial = try reader.message(c.partial) else { throw .malformed }
            self = .partial(partial)
        case STT__V1__STREAM_RESULT_REPLY__EVENT_STATUS:
            guard let status: JobStatus = try reader.message(c.status) else { throw .malformed }
            self = .status(status)
        default:
            self = .unrecognized
        }
    }

    func write(to c: inout Stt__V1__StreamResultReply, _ arena: ProtoArena) {
        switch self {
        case .partial(let partial):
            c.event_case = STT__V1__STREAM_RESULT_REPLY__EVENT_PARTIAL
            c.partial = arena.message(partial)
        case .status(let status):
            c.event_case = STT__V1__STREAM_RESULT_REPLY__EVENT_STATUS
            c.status = arena.message(status)
        case .unrecognized:
            break
        }
    }
}
