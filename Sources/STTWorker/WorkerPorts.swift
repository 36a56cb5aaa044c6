import Logging
public import STTCore

/// The ports that a worker works on.
public struct WorkerPorts: Sendable {
    public var store: any JobStore
    public var queue: any WorkQueue
    public var events: any EventBus
    public var objects: any ObjectStore
    /// For expiry times. Leases are measured by the store's own clock.
    public var clock: any WallClock
    /// Measures the worker's side of leases, delays and limits.
    var time: WorkerTime
    var troubles: TroubleLog
    private var dutyLimit = CallLimit(time: .seconds(3), afterCancellation: .seconds(3))

    public init(
        store: any JobStore, queue: any WorkQueue, events: any EventBus, objects: any ObjectStore,
        clock: any WallClock = SystemWallClock()
    ) {
        self.store = store
        self.queue = queue
        self.events = events
        self.objects = objects
        self.clock = clock
        time = WorkerTime()
        troubles = TroubleLog(time: time)
    }

    /// The same ports, of which none can hang: a call is left to itself when its time is over.
    func bounded(by configuration: WorkerConfiguration) -> WorkerPorts {
        let grace = configuration.stopTimeLimit
        let limit = CallLimit(time: configuration.callTimeLimit, afterCancellation: grace)
        // What was committed is announced and acknowledged also where the worker is being stopped.
        let hintLimit = CallLimit(
            time: configuration.hintTimeLimit, afterCancellation: grace, passesCancellation: false)
        var ports = self
        ports.store = BoundedJobStore(base: store, limit: limit, time: time)
        ports.queue = BoundedQueue(base: queue, limit: hintLimit, time: time)
        ports.events = BoundedEventBus(base: events, limit: limit, hintLimit: hintLimit, time: time)
        ports.objects = BoundedObjectStore(base: objects, limit: limit, time: time)
        ports.dutyLimit = CallLimit(time: grace, afterCancellation: grace)
        return ports
    }

    /// Repeats calls on a service that is out of reach for a while.
    func patience(_ logger: Logger) -> Patience {
        Patience(troubles: troubles, time: time, logger: logger)
    }

    /// Publishes an event. One that is lost costs latency only: streams read the store again by themselves.
    func announce(_ event: JobEvent, logger: Logger) async {
        do {
            try await events.publish(event)
        } catch {
            troubles.note("event not published", error, logger: logger)
        }
    }

    /// Tells every worker to stop its engines for a job that has ended. Those that miss it find out at the next renewal.
    func announceStop(of job: JobID, logger: Logger) async {
        do {
            try await events.publish(control: .stop(job))
        } catch {
            troubles.note("stop not published", error, logger: logger)
        }
    }

    /// Enqueues work. An item that is lost is found by the reconciler.
    func enqueueHint(_ item: WorkItem, logger: Logger) async {
        do {
            try await queue.enqueue([item])
        } catch {
            troubles.note("work not enqueued", error, metadata: ["item": "\(item.kind)"], logger: logger)
        }
    }

    /// Removes an object that is not needed any more. One that stays is removed with its job.
    func discard(_ key: ObjectKey, logger: Logger) async {
        do {
            try await objects.deleteAll(below: key)
        } catch {
            troubles.note("object not removed", error, metadata: ["key": "\(key)"], logger: logger)
        }
    }

    /// Runs a last duty, such as giving a lease back, even where the task is cancelled. Its failure is made up for by
    /// the lease's end and the reconciler. It holds the caller up for a moment only.
    func shielded(logger: Logger, _ duty: @escaping @Sendable () async throws(PortError) -> Void) async {
        await Task {
            do throws(PortError) {
                try await STTWorker.bounded(by: dutyLimit, "worker", time: time, duty)
            } catch {
                troubles.note("claim not given back, it will run out", error, logger: logger)
            }
        }.value
    }
}

extension Job {
    func workItem(_ kind: WorkItem.Kind) -> WorkItem {
        let samples = format?.sampleCount ?? 0
        return WorkItem(
            kind, job: id, tenant: tenant, priority: priority, audioMilliseconds: samples * 1000 / ChunkSpan.sampleRate)
    }

    /// Whether every chunk is done.
    var isReadyToMerge: Bool {
        (state == .transcribing || state == .merging) && chunkCount == progress.chunksDone
    }
}
