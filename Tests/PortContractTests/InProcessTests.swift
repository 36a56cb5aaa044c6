import STTCore
import STTEmbedded
import STTTestKit
import Testing

@Suite struct InProcessWorkQueueTests {
    private struct Fixture: WorkQueueFixture {
        let clock = ManualClock()
        let queue: any WorkQueue

        init() {
            queue = InProcessWorkQueue(clock: clock)
        }

        var now: Duration { clock.now.offset }
        var unit: Duration { .seconds(1) }
        func advance(by duration: Duration) async throws { clock.advance(by: duration) }
    }

    @Test("keeps the contract of work queues", .timeLimit(.minutes(5)), arguments: WorkQueueContract.rules)
    func keepsContract(_ rule: WorkQueueContract.Rule) async throws {
        try await rule.check(Fixture())
    }

    @Test("an item that waits already is left out") func coalesces() async throws {
        let queue = InProcessWorkQueue(clock: ManualClock())
        let item = WorkItem(.merge, job: JobID(at: SystemWallClock().now), tenant: .default)
        try await queue.enqueue([item, item])
        try await queue.enqueue([item])
        try await queue.enqueue([item], delay: .seconds(5))
        let depth1 = try await queue.depth
        #expect(depth1 == 1)
    }

    @Test("a shorter delay brings a delayed item forward, and a longer one changes nothing", .timeLimit(.minutes(5)))
    func keepsShortestDelay() async throws {
        let clock = ManualClock()
        let queue = InProcessWorkQueue(clock: clock)
        let item = WorkItem(.merge, job: JobID(at: SystemWallClock().now), tenant: .default)
        for delay in [20, 10, 30] { try await queue.enqueue([item], delay: .seconds(delay)) }
        let depth1 = try await queue.depth
        #expect(depth1 == 1)
        clock.advance(by: .seconds(10))
        #expect(try await queue.next(.housekeeping).item == item)
        clock.advance(by: .seconds(30))
        let depth0 = try await queue.depth
        #expect(depth0 == 0)
    }

    @Test("a queue is released also while items wait for their delay") func isReleased() async throws {
        weak var released: InProcessWorkQueue?
        do {
            let queue = InProcessWorkQueue(clock: ManualClock())
            released = queue
            let item = WorkItem(.merge, job: JobID(at: SystemWallClock().now), tenant: .default)
            try await queue.enqueue([item], delay: .seconds(20))
        }
        #expect(released == nil)
    }
}

@Suite struct InProcessEventBusTests {
    @Test("keeps the contract of event buses", .timeLimit(.minutes(5)), arguments: EventBusContract.rules)
    func keepsContract(_ rule: EventBusContract.Rule) async throws {
        try await rule.check(InProcessEventBus())
    }

    @Test("nothing is kept of a subscription that was released or cancelled", .timeLimit(.minutes(5)))
    func forgetsSubscriptions() async throws {
        let bus = InProcessEventBus()
        let id = JobID(at: SystemWallClock().now)
        for _ in 0..<10 {
            _ = try await bus.subscribe(to: id)
            _ = try await bus.subscribeToControl()
        }
        #expect(bus.subscriptionCount == 0)
        let subscription = try await bus.subscribe(to: id)
        #expect(bus.subscriptionCount == 1)
        let reading = Task { for await _ in subscription {} }
        reading.cancel()
        await reading.value
        #expect(bus.subscriptionCount == 0)
    }

    @Test("subscriptions end with the bus", .timeLimit(.minutes(5))) func endsWithBus() async throws {
        let subscription: EventSubscription<JobEvent>
        do {
            let bus = InProcessEventBus()
            subscription = try await bus.subscribe(to: JobID(at: SystemWallClock().now))
        }
        for await _ in subscription {}
    }

    @Test("a subscriber that reads nothing keeps the newest 256 events") func boundsBuffer() async throws {
        let bus = InProcessEventBus()
        let id = JobID(at: SystemWallClock().now)
        let subscription = try await bus.subscribe(to: id)
        for _ in 0..<1_000 { try await bus.publish(.jobChanged(id)) }
        let chunk = Chunk(job: id, span: ChunkSpan(index: 0, startSample: 0, endSample: 1))
        try await bus.publish(.chunkDone(chunk))
        var count = 0
        for await event in subscription {
            count += 1
            if event == .chunkDone(chunk) { break }
        }
        #expect(count == 256)
    }
}
