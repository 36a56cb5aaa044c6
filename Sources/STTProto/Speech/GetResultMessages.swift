internal import CSTTProto

/// How much text a subtitle holds, on the wire. 0: the server's default.
public struct SubtitleLayoutMessage: ProtoMessage, Hashable {
    /// Characters in a line, 10 to 120.
    public var lineCharacters: Int
    /// Lines in a cue, 1 to 4.
    public var lines: Int

    public init(lineCharacters: Int = 0, lines: Int = 0) {
        self.lineCharacters = lineCharacters
        self.lines = lines
    }
}

extension SubtitleLayoutMessage: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__SubtitleLayout>) { stt__v1__subtitle_layout__init(c) }

    init(_ c: Stt__V1__SubtitleLayout, _ reader: ProtoReader) throws(ProtoError) {
        lineCharacters = Int(c.line_chars)
        lines = Int(c.lines)
    }

    func write(to c: inout Stt__V1__SubtitleLayout, _ arena: ProtoArena) {
        c.line_chars = UInt32(clamping: lineCharacters)
        c.lines = UInt32(clamping: lines)
    }
}

/// Asks for the whole transcript of a completed job.
public struct GetResultRequest: ProtoMessage, Hashable {
    public var jobID: String
    public var format: ResultFormat
    /// Of the formats srt and vtt; the others leave it aside.
    public var layout: SubtitleLayoutMessage?

    public init(jobID: String = "", format: ResultFormat = .unspecified, layout: SubtitleLayoutMessage? = nil) {
        self.jobID = jobID
        self.format = format
        self.layout = layout
    }
}

extension GetResultRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__GetResultRequest>) {
        stt__v1__get_result_request__init(c)
    }

    init(_ c: Stt__V1__GetResultRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
        format = ResultFormat(c.format)
        layout = try reader.message(c.layout)
    }

    func write(to c: inout Stt__V1__GetResultRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
        c.format = format.c
        c.layout = arena.message(layout)
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
