internal import CSTTProto

/// Asks for the whole transcript of a completed job.
public struct GetResultRequest: ProtoMessage, Hashable {
    public var jobID: String
    public var format: ResultFormat

    public init(jobID: String = "", format: ResultFormat = .unspecified) {
        self.jobID = jobID
        self.format = format
    }
}

extension GetResultRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__GetResultRequest>) {
        stt__v1__get_result_request__init(c)
    }

    init(_ c: Stt__V1__GetResultRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
        format = ResultFormat(c.format)
    }

    func write(to c: inout Stt__V1__GetResultRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
        c.format = format.c
    }
}

/// A piece of the rendered transcript.
public struct GetResultReply: ProtoMessage, Hashable {
    public var data: [UInt8]

    public init(data: [UInt8] = []) {
        self.data = data
    }
}

extension GetResultReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__GetResultReply>) { stt__v1__get_result_reply__init(c) }

    init(_ c: Stt__V1__GetResultReply, _ reader: ProtoReader) throws(ProtoError) {
        data = reader.bytes(c.data)
    }

    func write(to c: inout Stt__V1__GetResultReply, _ arena: ProtoArena) {
        c.data = arena.bytes(data)
    }
}
