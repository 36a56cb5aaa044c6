/// How a worker works.
public struct WorkerConfiguration: Sendable {
    /// Engines that run at once.
    public var slots: Int
    /// Jobs that are decoded or merged at once.
    public var housekeepingSlots: Int
    /// How long a claim holds without being renewed.
    public var leaseDuration: Duration
    /// Below a third of the lease, so that two renewals may be lost.
    public var renewalInterval: Duration
    /// Attempts at a chunk that may be charged to it. In the last one it is split, and what fails then is a gap.
    public var maximumChunkAttempts: Int
    /// Workers that may be lost while they transcribe a chunk before it is a gap, so that one that takes its worker down
    /// does not do so for ever.
    public var maximumLostClaims: Int
    /// Workers that may be lost in a row while they decode or merge a job before it fails, for the same reason.
    public var maximumStageClaims: Int
    /// Attempts at decoding or merging that may be charged to the job before it fails.
    public var maximumStageAttempts: Int
    public var backoff: Backoff
    public var engineTimeLimit: EngineTimeLimit
    /// How long an ended job is kept, unless it says otherwise.
    public var retention: Duration
    /// How often the store is asked for work that no queue entry stands for.
    public var reconcileInterval: Duration

    public init(
        slots: Int = 1, housekeepingSlots: Int = 2, leaseDuration: Duration = .seconds(30),
        renewalInterval: Duration = .seconds(10), maximumChunkAttempts: Int = 3, maximumLostClaims: Int = 25,
        maximumStageAttempts: Int = 5, maximumStageClaims: Int = 12, backoff: Backoff = Backoff(),
        engineTimeLimit: EngineTimeLimit = .init(),
        retention: Duration = .seconds(7 * 24 * 3600), reconcileInterval: Duration = .seconds(5)
    ) {
        self.slots = slots
        self.housekeepingSlots = housekeepingSlots
        self.leaseDuration = leaseDuration
        self.renewalInterval = renewalInterval
        self.maximumChunkAttempts = maximumChunkAttempts
        self.maximumLostClaims = maximumLostClaims
        self.maximumStageAttempts = maximumStageAttempts
        self.maximumStageClaims = maximumStageClaims
        self.backoff = backoff
        self.engineTimeLimit = engineTimeLimit
        self.retention = retention
        self.reconcileInterval = reconcileInterval
    }
}
