public import Logging
public import RPCTransport
public import STTCore

/// What the methods work with.
public struct ServiceContext: Sendable {
    public var store: any JobStore
    public var queue: any WorkQueue
    public var events: any EventBus
    public var objects: any ObjectStore
    /// Reads audio that is submitted by URL. `nil`: URLs are refused.
    public var fetcher: (any AudioFetcher)?
    /// Only objects below this key may be submitted by key. `nil`: none.
    public var importPrefix: ObjectKey?
    public var clock: any WallClock
    public var limits: ServiceLimits
    /// How long an ended job is kept, unless it says otherwise.
    public var retention: Duration
    /// Why the engines cannot do what a job asks for, where that is known before it is queued.
    public var refusal: @Sendable (TranscriptionOptions) async -> JobFailure?
    /// What the workers are doing.
    public var workers: @Sendable () async -> WorkerActivity
    /// One line a dependency: whether it works, and what is wrong where it does not.
    public var dependencies: @Sendable () async -> [DependencyState]
    public var version: String
    public var logger: Logger
    /// What each tenant may take. `nil`: there are no limits, now and later.
    public var tenantLimits: (@Sendable (Tenant) -> TenantLimits)?
    /// What QueueStats tells of calls.
    public var callMetrics: CallMetrics?
    /// Cuts recordings while they are received. `nil`: they are cut once they are complete.
    public var early: (any EarlyPreparation)?
    /// Tells those who follow a job that it ended with its upload, before it is deleted.
    var uploadBrokeOff: @Sendable (Job) async -> Void = { _ in }

    public init(
        store: any JobStore, queue: any WorkQueue, events: any EventBus, objects: any ObjectStore,
        fetcher: (any AudioFetcher)? = nil, importPrefix: ObjectKey? = ObjectKey("imports"),
        clock: any WallClock = SystemWallClock(), limits: ServiceLimits = ServiceLimits(), retention: Duration,
        refusal: @escaping @Sendable (TranscriptionOptions) async -> JobFailure? = { _ in nil },
        workers: @escaping @Sendable () async -> WorkerActivity = { WorkerActivity() },
        dependencies: @escaping @Sendable () async -> [DependencyState] = { [] }, version: String, logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.events = events
        self.objects = objects
        self.fetcher = fetcher
        self.importPrefix = importPrefix
        self.clock = clock
        self.limits = limits
        self.retention = retention
        self.refusal = refusal
        self.workers = workers
        self.dependencies = dependencies
        self.version = version
        self.logger = logger
    }
}

extension ServiceContext {
    /// Where a tenant's objects for import lie: each has a folder of its own name, and the default one, which is that of
    /// whoever runs the server, all of them.
    func importPrefix(of tenant: Tenant) -> ObjectKey? {
        guard let importPrefix, tenant != .default else { return importPrefix }
        return ObjectKey("\(importPrefix)/\(tenant)")
    }
}

/// What QueueStats tells of workers.
public struct WorkerActivity: Sendable, Hashable {
    public var slotsTotal = 0
    public var slotsBusy = 0
    public var chunksCommitted = 0
    public var chunksFenced = 0
    public var chunksRetried = 0
    public var engineRestarts = 0
    /// The workers that live, where they are separate processes.
    public var workers: [WorkerReport] = []

    public init() {}

    /// The sums over workers.
    public init(workers: [WorkerReport]) {
        self.workers = workers
        for worker in workers {
            slotsTotal += worker.slotsTotal
            slotsBusy += worker.slotsBusy
            chunksCommitted += worker.chunksCommitted
            chunksFenced += worker.chunksFenced
            chunksRetried += worker.chunksRetried
            engineRestarts += worker.engineRestarts
        }
    }
}

public struct DependencyState: Sendable, Hashable {
    public var name: String
    public var isWorking: Bool
    public var message: String

    public init(name: String, isWorking: Bool, message: String) {
        self.name = name
        self.isWorking = isWorking
        self.message = message
    }
}
