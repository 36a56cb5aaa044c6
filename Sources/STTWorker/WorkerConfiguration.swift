/// How a worker works.
public struct WorkerConfiguration: Sendable {
    /// Engines that run at once.
    public var slots: Int
    /// Jobs that are decoded or merged at once.
    public var housekeepingSlots: Int
    /// How long a claim holds without being renewed.
    public var leaseDuration: Duration
    /// How long after a claim or a renewal the next one is tried. With this interval and the lease of their defaults, a
    /// store that is out of reach for 20 s costs no work: the work is given up when 9/10 of the lease have passed.
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
    public var decoding = DecodingPolicy()
    /// How long an ended job is kept, unless it says otherwise.
    public var retention: Duration
    /// How often the store is asked for work that no queue entry stands for.
    public var reconcileInterval: Duration
    /// How often the queue is asked whether it is there. While it is not, as often the store is asked for work.
    public var queueProbeInterval: Duration
    /// How long the worker that reconciles for all has this duty without renewing it.
    public var leaderLease: Duration
    /// How often the object store is searched for what belongs to no job.
    public var orphanSweepInterval: Duration
    /// What is younger than this is left, because its upload may still be under way. Must exceed the longest upload.
    public var orphanAge: Duration
    /// How often the worker reports to the registry.
    public var reportInterval: Duration
    /// How long a report is valid.
    public var reportLifetime: Duration
    /// How long a call on a port is waited for. The adapters have limits of their own; this one holds where they fail.
    public var callTimeLimit: Duration
    /// The same for what may be lost: events to be published, work to be enqueued or acknowledged. So long they hold
    /// their slot at most.
    public var hintTimeLimit: Duration
    /// How long a worker that was told to stop still waits for a call on a port that hangs.
    public var stopTimeLimit: Duration

    public init(
        slots: Int = 1, housekeepingSlots: Int = 2, leaseDuration: Duration = .seconds(30),
        renewalInterval: Duration = .seconds(6), maximumChunkAttempts: Int = 3, maximumLostClaims: Int = 25,
        maximumStageAttempts: Int = 5, maximumStageClaims: Int = 12, backoff: Backoff = Backoff(),
        engineTimeLimit: EngineTimeLimit = .init(),
        retention: Duration = .seconds(7 * 24 * 3600), reconcileInterval: Duration = .seconds(5),
        queueProbeInterval: Duration = .seconds(1),
        leaderLease: Duration = .seconds(15), orphanSweepInterval: Duration = .seconds(3600),
        orphanAge: Duration = .seconds(24 * 3600), reportInterval: Duration = .seconds(5),
        reportLifetime: Duration = .seconds(20), callTimeLimit: Duration = .seconds(30),
        hintTimeLimit: Duration = .seconds(3), stopTimeLimit: Duration = .seconds(2)
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
        self.queueProbeInterval = queueProbeInterval
        self.leaderLease = leaderLease
        self.orphanSweepInterval = orphanSweepInterval
        self.orphanAge = orphanAge
        self.reportInterval = reportInterval
        self.reportLifetime = reportLifetime
        self.callTimeLimit = callTimeLimit
        self.hintTimeLimit = hintTimeLimit
        self.stopTimeLimit = stopTimeLimit
    }
}
