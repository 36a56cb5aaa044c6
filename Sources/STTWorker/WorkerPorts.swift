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

    public init(
        store: any JobStore, queue: any WorkQueue, events: any EventBus, objects: any ObjectStore,
        clock: any WallClock = SystemWallClock()
    ) {
        self.store = store
        self.queue = queue
        self.events = events
        self.objects = objects
        self.clock = clock
    }

    /// Publishes an event. One that is lost costs latency only: streams read the store again by themselves.
    func announce(_ event: JobEvent, logger: Logger) async {
        do {
            try await events.publish(event)
        } catch {
            logger.warning("event not published", metadata: ["error": "\(error)"])
        }
    }

    /// Tells every worker to stop its engines for a job that has ended. Those that miss it find out at the next renewal.
    func announceStop(of job: JobID, logger: Logger) async {
        do {
            try await events.publish(control: .stop(job))
        } catch {
            logger.warning("stop not published", metadata: ["error": "\(error)"])
        }
    }

    /// Enqueues work. An item that is lost is found by the reconciler.
    func enqueueHint(_ item: WorkItem, logger: Logger) async {
        do {
            try await queue.enqueue([item])
        } catch {
            logger.warning("work not enqueued", metadata: ["item": "\(item.kind)", "error": "\(error)"])
        }
    }

    /// Removes an object that is not needed any more. One that stays is removed with its job.
    func discard(_ key: ObjectKey, logger: Logger) async {
        do {
            try await objects.deleteAll(below: key)
        } catch {
            logger.warning("object not removed", metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }

    /// Runs a last duty, such as giving a lease back, even where the task is cancelled. Its failure is made up for by
    /// the lease's end and the reconciler.
    func shielded(logger: Logger, _ duty: @escaping @Sendable () async throws(PortError) -> Void) async {
        await Task {
            do {
                try await duty()
            } catch {
                logger.warning("claim not given back, it will run out", metadata: ["error": "\(error)"])
            }
        }.value
    }
}

extension Job {
    func workItem(_ kind: WorkItem.Kind) -> WorkItem {
        let samples = format?.sampleCount ?? 0
        return WorkItem(
            kind, job: id, tenant: tenant, audioMilliseconds: samples * 1000 / ChunkSpan.sampleRate)
    }

    /// Whether every chunk is done.
    var isReadyToMerge: Bool {
        (state == .transcribing || state == .merging) && chunkCount == progress.chunksDone
    }
}
