internal import CSTTProto

/// Asks how busy the server is.
public struct QueueStatsRequest: ProtoMessage, Hashable {
    public init() {}
}

extension QueueStatsRequest: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__QueueStatsRequest>) {
        stt__v1__queue_stats_request__init(c)
    }

    init(_ c: Stt__V1__QueueStatsRequest, _ reader: ProtoReader) throws(ProtoError) {}

    func write(to c: inout Stt__V1__QueueStatsRequest, _ arena: ProtoArena) {}
}

/// How many jobs are in a state.
public struct StateCount: ProtoMessage, Hashable {
    public var state: ProtoJobState
    public var jobs: Int

    public init(state: ProtoJobState = .unspecified, jobs: Int = 0) {
        self.state = state
        self.jobs = jobs
    }
}

extension StateCount: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__StateCount>) { stt__v1__state_count__init(c) }

    init(_ c: Stt__V1__StateCount, _ reader: ProtoReader) throws(ProtoError) {
        state = ProtoJobState(c.state)
        jobs = Int(clamping: c.jobs)
    }

    func write(to c: inout Stt__V1__StateCount, _ arena: ProtoArena) {
        c.state = state.c
        c.jobs = UInt64(clamping: jobs)
    }
}

/// How busy the server is.
public struct QueueStatsReply: ProtoMessage, Hashable {
    public var jobs: [StateCount]
    public var chunksPending: Int
    public var chunksRunning: Int
    /// Audio of the chunks that are neither done nor running, and of jobs not yet cut where their length is known.
    public var audioPendingMilliseconds: Int
    /// Milliseconds since 1970-01-01 UTC. 0: nothing is queued.
    public var oldestQueuedAtMilliseconds: Int
    public var slotsTotal: Int
    public var slotsBusy: Int
    /// Since the start of this server or of each worker that lives, as are the next three.
    public var chunksCommitted: Int
    /// Results that came after their lease was lost, and were dropped.
    public var chunksFenced: Int
    public var chunksRetried: Int
    public var engineRestarts: Int
    /// Empty where the server itself does the work.
    public var workers: [WorkerInfo]
    /// Of the server that answered. Empty for tenants other than the default one.
    public var methods: [MethodStats]

    public init(
        jobs: [StateCount] = [], chunksPending: Int = 0, chunksRunning: Int = 0, audioPendingMilliseconds: Int = 0,
        oldestQueuedAtMilliseconds: Int = 0, slotsTotal: Int = 0, slotsBusy: Int = 0, chunksCommitted: Int = 0,
        chunksFenced: Int = 0, chunksRetried: Int = 0, engineRestarts: Int = 0, workers: [WorkerInfo] = [],
        methods: [MethodStats] = []
    ) {
        self.jobs = jobs
        self.chunksPending = chunksPending
        self.chunksRunning = chunksRunning
        self.audioPendingMilliseconds = audioPendingMilliseconds
        self.oldestQueuedAtMilliseconds = oldestQueuedAtMilliseconds
        self.slotsTotal = slotsTotal
        self.slotsBusy = slotsBusy
        self.chunksCommitted = chunksCommitted
        self.chunksFenced = chunksFenced
        self.chunksRetried = chunksRetried
        self.engineRestarts = engineRestarts
        self.workers = workers
        self.methods = methods
    }
}

extension QueueStatsReply: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__QueueStatsReply>) { stt__v1__queue_stats_reply__init(c) }

    init(_ c: Stt__V1__QueueStatsReply, _ reader: ProtoReader) throws(ProtoError) {
        jobs = try reader.messages(c.n_jobs, c.jobs)
        chunksPending = Int(clamping: c.chunks_pending)
        chunksRunning = Int(clamping: c.chunks_running)
        audioPendingMilliseconds = Int(clamping: c.audio_pending_ms)
        oldestQueuedAtMilliseconds = Int(clamping: c.oldest_queued_at_ms)
        slotsTotal = Int(c.slots_total)
        slotsBusy = Int(c.slots_busy)
        chunksCommitted = Int(clamping: c.chunks_committed)
        chunksFenced = Int(clamping: c.chunks_fenced)
        chunksRetried = Int(clamping: c.chunks_retried)
        engineRestarts = Int(clamping: c.engine_restarts)
        workers = try reader.messages(c.n_workers, c.workers)
        methods = try reader.messages(c.n_methods, c.methods)
    }

    func write(to c: inout Stt__V1__QueueStatsReply, _ arena: ProtoArena) {
        (c.n_jobs, c.jobs) = arena.messages(jobs)
        c.chunks_pending = UInt64(clamping: chunksPending)
        c.chunks_running = UInt64(clamping: chunksRunning)
        c.audio_pending_ms = UInt64(clamping: audioPendingMilliseconds)
        c.oldest_queued_at_ms = UInt64(clamping: oldestQueuedAtMilliseconds)
        c.slots_total = UInt32(clamping: slotsTotal)
        c.slots_busy = UInt32(clamping: slotsBusy)
        c.chunks_committed = UInt64(clamping: chunksCommitted)
        c.chunks_fenced = UInt64(clamping: chunksFenced)
        c.chunks_retried = UInt64(clamping: chunksRetried)
        c.engine_restarts = UInt64(clamping: engineRestarts)
        (c.n_workers, c.workers) = arena.messages(workers)
        (c.n_methods, c.methods) = arena.messages(methods)
    }
}
