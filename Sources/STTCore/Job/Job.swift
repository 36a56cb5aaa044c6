/// A transcription job as the store holds it.
public struct Job: Sendable, Hashable, Codable {
    public var id: JobID
    public var tenant: Tenant
    public var idempotencyKey: String?
    public var options: TranscriptionOptions
    public var priority: JobPriority
    public var audio: StoredAudio
    /// What decoding found. Set when the audio is prepared, with what is known so far while it is.
    public var format: AudioFormat?
    public var state: JobState
    /// Grows by one with every change of the job's own record, renewals of its lease and its progress not counted.
    public var version: Int
    /// Known once the audio is prepared.
    public var chunkCount: Int?
    public var progress: JobProgress
    /// The language asked for or, where none was, the one of the first transcribed chunk.
    public var language: String?
    public var result: StoredResult?
    /// Why the job failed, or why its last attempt at a stage did.
    public var failure: JobFailure?
    /// Failed attempts at the current stage.
    public var stageAttempts: Int
    /// Claims of the current stage that were lost with their worker since it last added a chunk, plus the running one.
    public var stageClaims: Int
    public var lease: Lease?
    public var createdAt: Timestamp
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// When the job may be collected. Set with a terminal state.
    public var expiresAt: Timestamp?

    public init(
        id: JobID, tenant: Tenant, idempotencyKey: String? = nil, options: TranscriptionOptions,
        priority: JobPriority = .normal, audio: StoredAudio, createdAt: Timestamp
    ) {
        self.id = id
        self.tenant = tenant
        self.idempotencyKey = idempotencyKey
        self.options = options
        self.priority = priority
        self.audio = audio
        self.createdAt = createdAt
        state = .queued
        version = 1
        progress = JobProgress()
        language = options.language
        stageAttempts = 0
        stageClaims = 0
    }

    /// Whether a second Submit under the same idempotency key asks for the same work.
    public func isSameRequest(as other: Job) -> Bool {
        options == other.options && audio.isSameContent(as: other.audio)
    }
}

/// The uploaded file in the object store.
public struct StoredAudio: Sendable, Hashable, Codable {
    public var key: ObjectKey
    public var byteCount: Int
    /// Lower-case hexadecimal.
    public var sha256: String
    /// As the client named it: for listings and as a hint of the format, never a path on this machine.
    public var filename: String
    /// Where the server read it: `object:` and the key, or `url:` and the SHA-256 of the URL, which may hold secrets.
    /// `nil`: the client sent the bytes.
    public var source: String?
    /// There only while it is `true`, so that nothing changes for records of other jobs.
    private var isReceiving: Bool?

    public init(key: ObjectKey, byteCount: Int, sha256: String, filename: String, source: String? = nil) {
        self.key = key
        self.byteCount = byteCount
        self.sha256 = sha256
        self.filename = filename
        self.source = source
    }

    /// Audio whose bytes are still coming: neither their number nor their hash is known.
    public static func receiving(_ key: ObjectKey, filename: String) -> StoredAudio {
        var audio = StoredAudio(key: key, byteCount: 0, sha256: "", filename: filename)
        audio.isReceiving = true
        return audio
    }

    /// Whether all bytes are in the object store. `false` until `JobStore.finishReceiving`.
    public var isComplete: Bool { isReceiving != true }

    /// Whether a client that submits both means the same: the same bytes, or the same source, whatever it holds by now.
    public func isSameContent(as other: StoredAudio) -> Bool {
        if let source, source == other.source { return true }
        return sha256 == other.sha256 && byteCount == other.byteCount
    }
}

/// What the decoder found.
public struct AudioFormat: Sendable, Hashable, Codable {
    /// Container and codec, such as "WAV/PCM_16".
    public var name: String
    /// In Hz, before resampling.
    public var sampleRate: Int
    public var channels: Int
    /// Length in samples at 16 kHz. `nil` until the file was decoded to its end, where the header does not say.
    public var sampleCount: Int?

    public init(name: String, sampleRate: Int, channels: Int, sampleCount: Int?) {
        self.name = name
        self.sampleRate = sampleRate
        self.channels = channels
        self.sampleCount = sampleCount
    }
}

/// The merged transcript in the object store.
public struct StoredResult: Sendable, Hashable, Codable {
    public var key: ObjectKey
    public var byteCount: Int

    public init(key: ObjectKey, byteCount: Int) {
        self.key = key
        self.byteCount = byteCount
    }
}

/// How far the chunks are. Maintained or computed by the store.
public struct JobProgress: Sendable, Hashable, Codable {
    public var chunksDone: Int
    public var chunksWithGaps: Int
    /// Audio of the chunks that are done, in samples at 16 kHz, lead-ins not counted.
    public var samplesDone: Int
    /// Claims of chunks so far.
    public var chunkAttempts: Int

    public init(chunksDone: Int = 0, chunksWithGaps: Int = 0, samplesDone: Int = 0, chunkAttempts: Int = 0) {
        self.chunksDone = chunksDone
        self.chunksWithGaps = chunksWithGaps
        self.samplesDone = samplesDone
        self.chunkAttempts = chunkAttempts
    }
}
