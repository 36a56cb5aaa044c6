/// What is to be done with a recording that is submitted.
public struct SubmissionOptions: Sendable, Hashable {
    /// How the recording is to be transcribed.
    public var transcription: TranscriptionOptions
    /// For listings and as a hint of the format. `nil`: the file's own name, where there is one.
    public var filename: String?
    /// A second submit with the same key answers with the first one's job. `nil`: one is made, so that repeating an
    /// attempt whose reply was lost cannot make a second job.
    public var idempotencyKey: String?
    /// How soon the job's work is taken compared with other jobs'.
    public var priority: SubmissionPriority
    /// Have the recording transcribed while it is being sent, where the server and the format allow that.
    /// ``SpeechClient/upload(file:options:progress:)`` tells of the job early.
    public var transcribesWhileUploading: Bool

    /// Options for a submit.
    public init(
        transcription: TranscriptionOptions = .init(), filename: String? = nil, idempotencyKey: String? = nil,
        priority: SubmissionPriority = .normal, transcribesWhileUploading: Bool = false
    ) {
        self.transcribesWhileUploading = transcribesWhileUploading
        self.transcription = transcription
        self.filename = filename
        self.idempotencyKey = idempotencyKey
        self.priority = priority
    }
}

/// A job that is stored on the server.
public struct Submission: Sendable {
    /// The job's id.
    public var id: String
    /// Bytes the server received or fetched.
    public var audioBytes: Int
    /// SHA-256 of these bytes, lower-case hex.
    public var audioSHA256: String
    /// The job existed already under the idempotency key.
    public var isExisting: Bool
    /// When the upload (its last attempt) began.
    public var uploadBegan: ContinuousClock.Instant
    /// When the last byte was handed to the connection.
    public var lastByteSent: ContinuousClock.Instant
}

/// How far an upload is.
public struct UploadProgress: Sendable, Hashable {
    /// Bytes that the connection took. Goes back to 0 where the upload is repeated.
    public var sentBytes: Int
    /// `nil`: unknown, as for a pipe.
    public var totalBytes: Int?
    /// From 1.
    public var attempt: Int
}
