internal import CSTTProto

/// Asks for a job's ``JobStatus``.
public struct StatusRequest: ProtoMessage, Hashable {
    public var jobID: String

    public init(jobID: String = "") {
        self.jobID = jobID
    }
}

extension StatusRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__StatusRequest>) { stt__v1__status_request__init(c) }

    init(_ c: Stt__V1__StatusRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
    }

    func write(to c: inout Stt__V1__StatusRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
    }
}

/// Cancels a job. A job that has ended stays as it is.
public struct CancelRequest: ProtoMessage, Hashable {
    public var jobID: String

    public init(jobID: String = "") {
        self.jobID = jobID
    }
}

extension CancelRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__CancelRequest>) { stt__v1__cancel_request__init(c) }

    init(_ c: Stt__V1__CancelRequest, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
    }

    func write(to c: inout Stt__V1__CancelRequest, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
    }
}

/// A job as its owner sees it.
public struct JobStatus: ProtoMessage, Hashable {
    public var jobID: String
    public var state: ProtoJobState
    public var filename: String
    public var audio: AudioInfo?
    /// Known once the audio is prepared; 0 before.
    public var chunksTotal: Int
    public var chunksDone: Int
    /// Chunks that ended as a gap or hold one. Part of `chunksDone`.
    public var chunksWithGaps: Int
    /// Audio of the chunks that are done.
    public var audioDoneMilliseconds: Int
    /// Set where the job failed, and where its last attempt at a step failed and is going to be retried.
    public var error: JobError?
    /// Milliseconds since 1970-01-01 UTC.
    public var createdAtMilliseconds: Int
    /// 0: not yet.
    public var startedAtMilliseconds: Int
    /// 0: not yet.
    public var finishedAtMilliseconds: Int
    /// 0: not yet known.
    public var expiresAtMilliseconds: Int
    public var options: TranscriptionOptionsMessage?
    /// The language that was asked for, or detected.
    public var language: String
    /// Claims of this job's chunks so far: `chunksDone` plus the runs that failed or were lost.
    public var chunkAttempts: Int
    /// `unspecified` from a server that does not know priorities.
    public var priority: ProtoJobPriority

    public init(
        jobID: String = "", state: ProtoJobState = .unspecified, filename: String = "", audio: AudioInfo? = nil,
        chunksTotal: Int = 0, chunksDone: Int = 0, chunksWithGaps: Int = 0, audioDoneMilliseconds: Int = 0,
        error: JobError? = nil, createdAtMilliseconds: Int = 0, startedAtMilliseconds: Int = 0,
        finishedAtMilliseconds: Int = 0, expiresAtMilliseconds: Int = 0, options: TranscriptionOptionsMessage? = nil,
        language: String = "", chunkAttempts: Int = 0, priority: ProtoJobPriority = .unspecified
    ) {
        self.jobID = jobID
        self.state = state
        self.filename = filename
        self.audio = audio
        self.chunksTotal = chunksTotal
        self.chunksDone = chunksDone
        self.chunksWithGaps = chunksWithGaps
        self.audioDoneMilliseconds = audioDoneMilliseconds
        self.error = error
        self.createdAtMilliseconds = createdAtMilliseconds
        self.startedAtMilliseconds = startedAtMilliseconds
        self.finishedAtMilliseconds = finishedAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.options = options
        self.language = language
        self.chunkAttempts = chunkAttempts
        self.priority = priority
    }
}

extension JobStatus: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__JobStatus>) { stt__v1__job_status__init(c) }

    init(_ c: Stt__V1__JobStatus, _ reader: ProtoReader) throws(ProtoError) {
        jobID = try reader.string(c.job_id)
        state = ProtoJobState(c.state)
        filename = try reader.string(c.filename)
        audio = try reader.message(c.audio)
        chunksTotal = Int(c.chunks_total)
        chunksDone = Int(c.chunks_done)
        chunksWithGaps = Int(c.chunks_with_gaps)
        audioDoneMilliseconds = Int(clamping: c.audio_done_ms)
        error = try reader.message(c.error)
        createdAtMilliseconds = Int(clamping: c.created_at_ms)
        startedAtMilliseconds = Int(clamping: c.started_at_ms)
        finishedAtMilliseconds = Int(clamping: c.finished_at_ms)
        expiresAtMilliseconds = Int(clamping: c.expires_at_ms)
        options = try reader.message(c.options)
        language = try reader.string(c.language)
        chunkAttempts = Int(c.chunk_attempts)
        priority = ProtoJobPriority(c.priority)
    }

    func write(to c: inout Stt__V1__JobStatus, _ arena: ProtoArena) {
        c.job_id = arena.string(jobID)
        c.state = state.c
        c.filename = arena.string(filename)
        c.audio = arena.message(audio)
        c.chunks_total = UInt32(clamping: chunksTotal)
        c.chunks_done = UInt32(clamping: chunksDone)
        c.chunks_with_gaps = UInt32(clamping: chunksWithGaps)
        c.audio_done_ms = UInt64(clamping: audioDoneMilliseconds)
        c.error = arena.message(error)
        c.created_at_ms = UInt64(clamping: createdAtMilliseconds)
        c.started_at_ms = UInt64(clamping: startedAtMilliseconds)
        c.finished_at_ms = UInt64(clamping: finishedAtMilliseconds)
        c.expires_at_ms = UInt64(clamping: expiresAtMilliseconds)
        c.options = arena.message(options)
        c.language = arena.string(language)
        c.chunk_attempts = UInt32(clamping: chunkAttempts)
        c.priority = priority.c
    }
}

/// What is known about a job's recording.
public struct AudioInfo: ProtoMessage, Hashable {
    /// Container and codec, such as "WAV/PCM_16".
    public var format: String
    public var sampleRateHz: Int
    public var channels: Int
    public var durationMilliseconds: Int
    public var bytes: Int
    /// Lower-case hex.
    public var sha256: String

    public init(
        format: String = "", sampleRateHz: Int = 0, channels: Int = 0, durationMilliseconds: Int = 0, bytes: Int = 0,
        sha256: String = ""
    ) {
        self.format = format
        self.sampleRateHz = sampleRateHz
        self.channels = channels
        self.durationMilliseconds = durationMilliseconds
        self.bytes = bytes
        self.sha256 = sha256
    }
}

extension AudioInfo: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__AudioInfo>) { stt__v1__audio_info__init(c) }

    init(_ c: Stt__V1__AudioInfo, _ reader: ProtoReader) throws(ProtoError) {
        format = try reader.string(c.format)
        sampleRateHz = Int(c.sample_rate_hz)
        channels = Int(c.channels)
        durationMilliseconds = Int(clamping: c.duration_ms)
        bytes = Int(clamping: c.bytes)
        sha256 = try reader.string(c.sha256)
    }

    func write(to c: inout Stt__V1__AudioInfo, _ arena: ProtoArena) {
        c.format = arena.string(format)
        c.sample_rate_hz = UInt32(clamping: sampleRateHz)
        c.channels = UInt32(clamping: channels)
        c.duration_ms = UInt64(clamping: durationMilliseconds)
        c.bytes = UInt64(clamping: bytes)
        c.sha256 = arena.string(sha256)
    }
}

/// Why a job failed.
public struct JobError: ProtoMessage, Hashable {
    /// A stable name, such as "audio.unsupported".
    public var code: String
    public var message: String

    public init(code: String = "", message: String = "") {
        self.code = code
        self.message = message
    }
}

extension JobError: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__JobError>) { stt__v1__job_error__init(c) }

    init(_ c: Stt__V1__JobError, _ reader: ProtoReader) throws(ProtoError) {
        code = try reader.string(c.code)
        message = try reader.string(c.message)
    }

    func write(to c: inout Stt__V1__JobError, _ arena: ProtoArena) {
        c.code = arena.string(code)
        c.message = arena.string(message)
    }
}
