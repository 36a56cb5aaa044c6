internal import CSTTProto

/// Removes a job that has ended, with its audio and its result.
public struct DeleteRequest: ProtoMessage, Hashable {
    public var jobID: String

    public init(jobID: String = "") {
        self.jobID = jobID
    }
}

extension DeleteRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__DeleteRequest>) { stt__v1__delete_request__init(c) }

    init(_ c: Stt__V1__DeleteRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
    }

    func write(to c: inout Stt__V1__DeleteRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
    }
}

/// The job is gone.
public struct DeleteReply: ProtoMessage, Hashable {
    public init() {}
}

extension DeleteReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__DeleteReply>) { stt__v1__delete_reply__init(c) }

    init(_ c: Stt__V1__DeleteReply, _ reader: ProtoReader) throws(ProtoError) {}

    func write(to c: inout Stt__V1__DeleteReply, _ arena: ProtoArena) {}
}
