// A program that uses the client needs the messages, addresses and status codes of the layers below.
@_exported public import RPCClient
@_exported public import STTProto

/// Where a job stands.
public typealias JobState = ProtoJobState

/// How soon a job's work is taken compared with other jobs'.
public typealias SubmissionPriority = ProtoJobPriority
