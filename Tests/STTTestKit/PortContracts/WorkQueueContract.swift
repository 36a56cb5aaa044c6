public import STTCore
import Synchronization
import Testing

/// A work queue under test, empty at first.
public protocol WorkQueueFixture: Sendable {
    var queue: any WorkQueue { get }

    /// By the clock that `advance` turns.
    var now: Duration { get }

    /// Delays are small multiples of it. A queue whose clock is turned takes a second; one that has to wait takes the
    /// shortest time in which ten calls surely come through.
    var unit: Duration { get }

    /// Turns the clock on, or waits.
    func advance(by duration: Duration) async throws
}

/// What every work queue does. Adapters are judged by running all rules, each on an empty queue.
public enum WorkQueueContract {
    public typealias Rule = ContractRule<any WorkQueueFixture>

    public static var rules: [Rule] { deliveryRules + cancellationRules + fairnessRules + priorityRules }

    private static var deliveryRules: [Rule] {
        [
            Rule("an item is delivered on its lane as it was enqueued") { fixture in
                for (item, lane) in [
                    (WorkItem(.chunk(7), job: job(0), tenant: Tenant("a"), audioMilliseconds: 99), .transcription),
                    (WorkItem(.prepare, job: job(0), tenant: Tenant("a")), .housekeeping),
                    (WorkItem(.merge, job: job(1), tenant: Tenant("b")), .housekeeping),
                    (WorkItem(.collect, job: job(2), tenant: Tenant("b")), WorkLane.housekeeping),
                ] {
                    try await fixture.queue.enqueue([item])
                    let delivery = try await fixture.queue.next(lane)
                    #expect(delivery.item == item)
                    #expect(delivery.item.tenant == item.tenant)
                    #expect(delivery.item.audioMilliseconds == item.audioMilliseconds)
                    try await fixture.queue.acknowledge(delivery)
                }
            },
            Rule("a worker that waits gets the next item of its lane") { fixture in
                async let waiting = fixture.queue.next(.transcription)
                try await fixture.queue.enqueue([WorkItem(.prepare, job: job(0), tenant: .default)])
                try await fixture.queue.enqueue([chunk(3, of: 0)])
                let delivery = try await waiting
                #expect(delivery.item == chunk(3, of: 0))
                let other = try await fixture.queue.next(.housekeeping)
                #expect(other.item.kind == .prepare)
            },
            Rule("an item that was delivered can be enqueued and delivered again") { fixture in
                for _ in 0..<3 {
                    try await fixture.queue.enqueue([chunk(0, of: 0)])
                    let delivery = try await fixture.queue.next(.transcription)
                    #expect(delivery.item == chunk(0, of: 0))
                    try await fixture.queue.acknowledge(delivery)
                }
                // Also before it was acknowledged.
                try await fixture.queue.enqueue([chunk(0, of: 0)])
                let first = try await fixture.queue.next(.transcription)
                try await fixture.queue.enqueue([chunk(0, of: 0)])
                let second = try await fixture.queue.next(.transcription)
                #expect(first.item == second.item)
            },
            Rule("the depth counts what waits, of both lanes") { fixture in
                var depth = try await fixture.queue.depth
                #expect(depth == 0)
                try await fixture.queue.enqueue((0..<5).map { chunk($0, of: 0) })
                try await fixture.queue.enqueue([WorkItem(.merge, job: job(1), tenant: .default)])
                depth = try await fixture.queue.depth
                #expect(depth == 6)
                let delivery = try await fixture.queue.next(.transcription)
                depth = try await fixture.queue.depth
                #expect(depth == 5)
                try await fixture.queue.acknowledge(delivery)
                depth = try await fixture.queue.depth
                #expect(depth == 5)
            },
            Rule("a delayed item is delivered after its delay and not before") { fixture in
                let queue = fixture.queue
                let due = [chunk(0, of: 0): 10, chunk(1, of: 0): 30, chunk(2, of: 0): 0]
                let start = fixture.now
                for (item, units) in due.sorted(by: { $0.value > $1.value }) {
                    try await queue.enqueue([item], delay: fixture.unit * units)
                }
                // Times are compared, not what has come by now: on a busy machine the calls above take a while.
                let taken = Mutex<[(item: WorkItem, time: Duration)]>([])
                async let taker: Void = {
                    for _ in due {
                        let item = try await queue.next(.transcription).item
                        taken.withLock { $0.append((item, fixture.now - start)) }
                    }
                }()
                for (advance, item) in [(9, chunk(2, of: 0)), (2, chunk(0, of: 0)), (20, chunk(1, of: 0))] {
                    try await fixture.advance(by: fixture.unit * advance)
                    while !taken.withLock({ $0.contains { $0.item == item } }) {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    // What is delivered too early is noted before the clock is turned on.
                    try await Task.sleep(for: .milliseconds(20))
                }
                try await taker
                for (item, time) in taken.withLock({ $0 }) {
                    let units = try #require(due[item])
                    #expect(time >= fixture.unit * units, "\(item) after \(time)")
                }
            },
            Rule("an item that waits for its delay is delivered at once when it is enqueued without one") { fixture in
                try await fixture.queue.enqueue([chunk(0, of: 0)], delay: .seconds(600))
                try await fixture.queue.enqueue([chunk(0, of: 0)])
                #expect(try await fixture.queue.next(.transcription).item == chunk(0, of: 0))
            },
            Rule("many workers get every item, and none twice") { fixture in
                let items = (0..<20).flatMap { job in (0..<25).map { chunk($0, of: job) } }
                async let deliveries = concurrently(Array(0..<500)) { _ in
                    let delivery = try await fixture.queue.next(.transcription)
                    try await fixture.queue.acknowledge(delivery)
                    return delivery.item
                }
                for start in stride(from: 0, to: 500, by: 50) {
                    try await fixture.queue.enqueue(Array(items[start..<start + 50]))
                }
                #expect(Set(try await deliveries) == Set(items))
                let depth = try await fixture.queue.depth
                #expect(depth == 0)
            },
        ]
    }

    private static var cancellationRules: [Rule] {
        [
            Rule("a worker that is cancelled while it waits, or before, stops waiting") { fixture in
                let waiting = Task { try await fixture.queue.next(.transcription) }
                waiting.cancel()
                await expect(.cancelled) { try await waiting.value }
                try await fixture.queue.enqueue([chunk(0, of: 0)])
                let late = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await fixture.queue.next(.transcription)
                }
                await expect(.cancelled) { try await late.value }
                #expect(try await fixture.queue.next(.transcription).item == chunk(0, of: 0))
            },
            Rule("no item is lost to workers that are cancelled while items come in") { fixture in
                let queue = fixture.queue
                let items = (0..<400).map { chunk($0 % 40, of: $0 / 40) }
                let taken = TakenItems()
                var generator = SeededGenerator(seed: 11)
                let pairs = items.map { (item: $0, isCancelled: Bool.random(using: &generator)) }
                // One worker for each item: nobody waits for ever.
                _ = try await concurrently(pairs) { pair in
                    let worker = Task { taken.append(try await queue.next(.transcription).item) }
                    try await queue.enqueue([pair.item])
                    if pair.isCancelled { worker.cancel() }
                    _ = await worker.result
                }
                while try await queue.depth > 0 {
                    taken.append(try await queue.next(.transcription).item)
                }
                let all = taken.items
                #expect(Set(all) == Set(items))
                #expect(all.count == items.count)
            },
        ]
    }

    private static var fairnessRules: [Rule] {
        [
            Rule("a tenant's jobs are served oldest first, and a job's chunks in order") { fixture in
                var generator = SeededGenerator(seed: 5)
                let items = (0..<5).flatMap { job in (0..<12).map { chunk($0, of: job) } }
                try await fixture.queue.enqueue(items.shuffled(using: &generator))
                var served: [WorkItem] = []
                for _ in items {
                    let delivery = try await fixture.queue.next(.transcription)
                    served.append(delivery.item)
                }
                #expect(served == items)
            },
            Rule("tenants take turns, measured in audio") { fixture in
                let (a, b) = (Tenant("a"), Tenant("b"))
                try await fixture.queue.enqueue(
                    (0..<200).map { WorkItem(.chunk($0), job: job(0), tenant: a, audioMilliseconds: 28_000) })
                try await fixture.queue.enqueue(
                    (0..<200).map { WorkItem(.chunk($0), job: job(1), tenant: b, audioMilliseconds: 7_000) })
                var lead = 0
                for _ in 0..<150 {
                    let item = try await fixture.queue.next(.transcription).item
                    lead += item.tenant == a ? item.audioMilliseconds : -item.audioMilliseconds
                    #expect(abs(lead) <= 90_000)
                }
            },
            Rule("a tenant that comes late does not wait for the others' backlog") { fixture in
                for tenant in 0..<3 {
                    try await fixture.queue.enqueue(
                        (0..<100).map {
                            WorkItem(
                                .chunk($0), job: job(tenant), tenant: Tenant("\(tenant)"), audioMilliseconds: 28_000)
                        })
                }
                for _ in 0..<10 { _ = try await fixture.queue.next(.transcription) }
                let late = WorkItem(.chunk(0), job: job(9), tenant: Tenant("late"), audioMilliseconds: 28_000)
                try await fixture.queue.enqueue([late])
                var waited = 0
                while try await fixture.queue.next(.transcription).item != late { waited += 1 }
                #expect(waited <= 8)
            },
        ]
    }

    private static func job(_ number: Int) -> JobID {
        var generator = SeededGenerator(seed: UInt64(number))
        return JobID(at: Timestamp(millisecondsSinceEpoch: 1_000_000 + Int64(number)), using: &generator)
    }

    private static func chunk(_ index: Int, of number: Int) -> WorkItem {
        WorkItem(.chunk(index), job: job(number), tenant: .default, audioMilliseconds: 10_000)
    }
}

/// Concurrency: the `Mutex` guards the items.
private final class TakenItems: Sendable {
    private let state = Mutex<[WorkItem]>([])

    var items: [WorkItem] { state.withLock { $0 } }

    func append(_ item: WorkItem) { state.withLock { $0.append(item) } }
}
