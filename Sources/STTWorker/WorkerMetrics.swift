import Synchronization

/// What a worker has done since it started.
public struct WorkerSnapshot: Sendable, Hashable {
    public var slotsTotal = 0
    public var slotsBusy = 0
    public var engineRuns = 0
    public var chunksCommitted = 0
    /// Results dropped because the lease was taken over.
    public var chunksFenced = 0
    public var chunksRetried = 0
    /// Chunks committed with a gap.
    public var chunksWithGaps = 0
    public var engineRestarts = 0
    /// Why no engine can be started at the moment.
    public var engineTrouble: String?
    /// It finishes what it has and takes nothing more.
    public var isDraining = false

    public init() {}
}

/// Concurrency: any task; a mutex protects the snapshot.
public final class WorkerMetrics: Sendable {
    private let state = Mutex(WorkerSnapshot())

    public init() {}

    public var snapshot: WorkerSnapshot { state.withLock { $0 } }

    func update(_ change: (inout WorkerSnapshot) -> Void) {
        state.withLock { change(&$0) }
    }
}
