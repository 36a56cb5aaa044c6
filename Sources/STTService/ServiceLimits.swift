/// What the service accepts.
public struct ServiceLimits: Sendable {
    /// Bytes of one upload.
    public var maximumAudioBytes: Int
    /// Jobs that have not ended, over all tenants. Past it Submit answers RESOURCE_EXHAUSTED.
    public var maximumUnfinishedJobs: Int
    /// The longest retention that a job may ask for, in seconds.
    public var maximumRetentionSeconds: Int
    /// How long an upload may send nothing. It holds a place in the queue and a file, so it ends with DEADLINE_EXCEEDED then.
    public var uploadIdleTimeout: Duration

    public init(
        maximumAudioBytes: Int = 4 << 30, maximumUnfinishedJobs: Int = 10_000,
        maximumRetentionSeconds: Int = 365 * 24 * 3600, uploadIdleTimeout: Duration = .seconds(60)
    ) {
        self.maximumAudioBytes = maximumAudioBytes
        self.maximumUnfinishedJobs = maximumUnfinishedJobs
        self.maximumRetentionSeconds = maximumRetentionSeconds
        self.uploadIdleTimeout = uploadIdleTimeout
    }
}
