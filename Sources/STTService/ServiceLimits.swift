/// What the service accepts.
public struct ServiceLimits: Sendable {
    /// Bytes of one upload.
    public var maximumAudioBytes: Int
    /// Jobs that have not ended, over all tenants. Past it Submit answers RESOURCE_EXHAUSTED.
    public var maximumUnfinishedJobs: Int
    /// The longest retention that a job may ask for, in seconds.
    public var maximumRetentionSeconds: Int

    public init(
        maximumAudioBytes: Int = 4 << 30, maximumUnfinishedJobs: Int = 10_000,
        maximumRetentionSeconds: Int = 365 * 24 * 3600
    ) {
        self.maximumAudioBytes = maximumAudioBytes
        self.maximumUnfinishedJobs = maximumUnfinishedJobs
        self.maximumRetentionSeconds = maximumRetentionSeconds
    }
}
