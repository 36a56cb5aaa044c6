// A program that uses the client needs the messages, addresses and status codes of the layers below.
@_exported public import RPCClient
@_exported public import STTProto

/// Where a job stands.
public typealias JobState = ProtoJobState

/// How soon a job's work is taken compared with other jobs'.
public typealias SubmissionPriority = ProtoJobPriority

/// How much text a subtitle holds. 0: the server's default, 42 characters in a line and two lines.
public typealias SubtitleLayout = SubtitleLayoutMessage

/// Something that a quality guard did to a part of a chunk.
public typealias GuardNote = GuardNoteMessage
