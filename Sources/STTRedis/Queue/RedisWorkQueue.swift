public import Logging
public import STTCore
import Synchronization

/// The work queue of all processes, in Redis.
///
/// What waits is in sorted sets, so that a tenant's oldest job comes first; what was delivered is in a stream's consumer
/// group until it is acknowledged. A delivery that nobody acknowledges is forgotten after a minute: whether work is still
/// to be done, the job store knows, and the reconciler enqueues it again. See ``QueueScripts`` for the keys.
///
/// Concurrency: holds nothing that changes but the waiters, see ``LaneWaiters``, and the tasks, behind a `Mutex`.
public final class RedisWorkQueue: WorkQueue {
    private static let itemsInOneScript = 500
    private static let tidyInterval = Duration.seconds(30)
    private static let deliveryLifetime = Duration.seconds(60)

    let client: RedisClient
    private let consumer: String
    private let logger: Logger
    private let tag: String
    private let waiters = PerLane(transcription: LaneWaiters(), housekeeping: LaneWaiters())
    private let bells: QueueBells
    private let outage = OutageLog()
    private let upkeep = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter consumer: Names this process among those that take work.
    public init(_ client: RedisClient, consumer: String, logger: Logger) {
        self.client = client
        self.consumer = consumer
        self.logger = logger
        tag = "{\(client.configuration.keyPrefix)}"
        bells = QueueBells(client, waiters)
    }

    deinit {
        upkeep.withLock { $0?.cancel() }
    }

    public func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError) {
        let milliseconds = delay > .zero ? max(1, delay.milliseconds) : 0
        for lane in WorkLane.allCases {
            let items = items.filter { $0.lane == lane }
            for start in stride(from: 0, to: items.count, by: Self.itemsInOneScript) {
                var arguments = [lane.rawValue, String(milliseconds), bells.channel(lane)]
                for item in items[start..<min(start + Self.itemsInOneScript, items.count)] {
                    arguments += [
                        ItemName.make(item), item.priority.rawValue, item.tenant.description,
                        String(max(0, item.audioMilliseconds)),
                    ]
                }
                _ = try await QueueScripts.enqueue.run(on: client, key: tag, arguments)
            }
        }
    }

    /// Waits for the next item. While Redis is away, it waits for that to end, too.
    public func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        let waiters = waiters[lane]
        startUpkeep()
        while !Task.isCancelled {
            let rings = waiters.rings
            var pause = LaneWaiters.pollInterval
            do throws(PortError) {
                try await bells.listen()
                switch try await take(lane) {
                case .delivery(let delivery, let more, let due):
                    outage.end(logger)
                    // Others of this process may wait in vain, where an announcement was lost.
                    if more { waiters.ring(1) }
                    if let due { waiters.look(within: due) }
                    return delivery
                case .unreadable: continue
                case .nothing(let due):
                    outage.end(logger)
                    if let due { pause = due }
                }
            } catch {
                outage.begin(error, logger)
                pause = pause * Double.random(in: 0.25...1)
            }
            if await waiters.wait(since: rings, atMost: pause) == .cancelled { break }
        }
        throw PortError(.cancelled, port: RedisClient.port, "the wait for work was cancelled")
    }

    public func acknowledge(_ delivery: WorkDelivery) async throws(PortError) {
        _ = try await QueueScripts.acknowledge.run(on: client, key: tag, [delivery.item.lane.rawValue, delivery.id])
    }

    /// Items that wait, also for their delay, of both lanes.
    public var depth: Int {
        get async throws(PortError) {
            var depth = 0
            for lane in WorkLane.allCases {
                let arguments = [lane.rawValue] + JobPriority.allCases.map(\.rawValue)
                depth += try await QueueScripts.depth.run(on: client, key: tag, arguments).integer ?? 0
            }
            return depth
        }
    }

    // MARK: Taking

    private enum Taken {
        /// With whether more waits, and the time until a delayed item is due, if there is one.
        case delivery(WorkDelivery, more: Bool, due: Duration?)
        /// The time until an item is due, if there is one.
        case nothing(due: Duration?)
        /// An entry of a newer version, or none of ours.
        case unreadable
    }

    private func take(_ lane: WorkLane) async throws(PortError) -> Taken {
        let classes = JobPriority.allCases.flatMap { [$0.rawValue, String($0.weight)] }
        let reply = try await QueueScripts.take.run(on: client, key: tag, [lane.rawValue, consumer] + classes)
        func wait(_ value: RedisValue) -> Duration? {
            value.integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        }
        guard let fields = reply.elements else { return .nothing(due: wait(reply)) }
        guard fields.count == 7, let id = fields[0].text, let name = fields[1].text,
            let (kind, job) = ItemName.read(name), let priority = fields[2].text.flatMap(JobPriority.init(rawValue:)),
            let tenant = fields[3].text, let audio = fields[4].integer, let more = fields[5].integer
        else {
            logger.warning("dropped a work item that cannot be read", metadata: ["lane": "\(lane)"])
            return .unreadable
        }
        let item = WorkItem(kind, job: job, tenant: Tenant(tenant), priority: priority, audioMilliseconds: audio)
        return .delivery(WorkDelivery(item: item, id: id), more: more > 0, due: wait(fields[6]))
    }

    // MARK: Upkeep

    /// Removes what workers left behind: deliveries that were never acknowledged, and consumers that are gone.
    /// - Parameter age: From which a delivery is given up.
    /// - Returns: How many deliveries were.
    @discardableResult
    func tidy(age: Duration = deliveryLifetime) async throws(PortError) -> Int {
        var dropped = 0
        for lane in WorkLane.allCases {
            let arguments = [lane.rawValue, String(age.milliseconds)]
            dropped += try await QueueScripts.tidy.run(on: client, key: tag, arguments).integer ?? 0
        }
        return dropped
    }

    /// From the first ``next(_:)`` on, until the queue is released.
    private func startUpkeep() {
        upkeep.withLock { task in
            guard task == nil else { return }
            task = Task { [weak self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.tidyInterval * Double.random(in: 0.9...1.1))
                    await self?.takeTurnAtTidying()
                }
            }
        }
    }

    /// One process in an interval does it for all.
    private func takeTurnAtTidying() async {
        let turn = RedisCommand(
            "SET", "\(tag):queue:tidy", consumer, "NX", "PX", String((Self.tidyInterval * 0.8).milliseconds))
        do throws(PortError) {
            guard try await client.run(turn) != .null else { return }
            let dropped = try await tidy()
            if dropped > 0 {
                logger.info("gave up deliveries that nobody acknowledged", metadata: ["count": "\(dropped)"])
            }
        } catch {
            // The next turn makes up for it.
            logger.debug("could not tidy the queue", metadata: ["error": "\(error)"])
        }
    }
}
