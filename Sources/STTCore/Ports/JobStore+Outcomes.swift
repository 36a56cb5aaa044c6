public enum JobInsertion: Sendable, Hashable {
    case inserted(Job)
    /// The job that holds the idempotency key already.
    case existing(Job)

    public var job: Job {
        switch self {
        case .inserted(let job), .existing(let job): job
        }
    }
}

/// What became of an upload whose job was there before its last byte.
public enum AudioReceipt: Sendable, Hashable {
    /// The job has its audio now.
    case received(Job)
    /// Nothing was changed: this job of the tenant holds the idempotency key.
    case keyTaken(Job)
    /// Nothing was changed: the owner lost the job, or it has ended. `nil`: it is gone.
    case lost(Job?)
}

public enum JobCancellation: Sendable, Hashable {
    case cancelled(Job)
    /// Nothing was changed: the job had ended before.
    case alreadyEnded(Job)
    case notFound
}

public enum JobDeletion: Sendable, Hashable {
    case deleted(Job)
    /// Cancel it first.
    case notEnded(Job)
    case notFound
}

public enum LeaseRenewal: Sendable, Hashable {
    case renewed
    /// Another owner has it, or may have it.
    case lost
    /// The job was cancelled or failed, or the work is done.
    case ended
}

public enum ChunkCommit: Sendable, Hashable {
    /// The chunk is done. The job, with its progress after the commit.
    case committed(Job)
    /// Somebody else owns the chunk, or has done it: drop the result.
    case fenced
    /// The job ended in the meantime: drop the result.
    case ended
}

/// A chunk with what its transcription needs to know of its job.
public struct ClaimedChunk: Sendable, Hashable {
    public var chunk: Chunk
    public var options: TranscriptionOptions
    /// The job's language so far.
    public var language: String?
    public var tenant: Tenant
    public var priority: JobPriority

    public init(
        chunk: Chunk, options: TranscriptionOptions, language: String?, tenant: Tenant,
        priority: JobPriority = .normal
    ) {
        self.chunk = chunk
        self.options = options
        self.language = language
        self.tenant = tenant
        self.priority = priority
    }
}

/// Which jobs to list.
public struct JobQuery: Sendable, Hashable {
    public var tenant: Tenant?
    /// Empty: all.
    public var states: Set<JobState>
    /// Only jobs with a lower id than this.
    public var before: JobID?
    public var limit: Int

    public init(tenant: Tenant? = nil, states: Set<JobState> = [], before: JobID? = nil, limit: Int = 100) {
        self.tenant = tenant
        self.states = states
        self.before = before
        self.limit = limit
    }
}

/// How much audio waits or is worked on.
public struct UnfinishedAudio: Sendable, Hashable {
    /// Of the recordings whose length is known, in samples at 16 kHz.
    public var samples: Int
    /// The files of the others.
    public var undecodedBytes: Int

    public init(samples: Int = 0, undecodedBytes: Int = 0) {
        self.samples = samples
        self.undecodedBytes = undecodedBytes
    }
}

public struct JobCounts: Sendable, Hashable {
    public var jobs: [JobState: Int]
    /// Also those whose time has not come yet.
    public var chunksPending: Int
    /// Also those whose lease ran out and was taken by nobody yet.
    public var chunksRunning: Int
    /// Audio of the pending chunks, in samples at 16 kHz, lead-ins not counted.
    public var pendingSamples: Int
    public var oldestQueuedAt: Timestamp?

    public init(
        jobs: [JobState: Int] = [:], chunksPending: Int = 0, chunksRunning: Int = 0, pendingSamples: Int = 0,
        oldestQueuedAt: Timestamp? = nil
    ) {
        self.jobs = jobs
        self.chunksPending = chunksPending
        self.chunksRunning = chunksRunning
        self.pendingSamples = pendingSamples
        self.oldestQueuedAt = oldestQueuedAt
    }
}
