import STTCore
import STTTestKit
import Testing

@testable import STTRedis

@Suite(.timeLimit(.minutes(5))) struct RedisQueueTests {
    @Test("nothing is left of 1,000 items that were dealt with") func leavesNothing() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        for number in 0..<1_000 {
            let job = JobID(at: Timestamp(millisecondsSinceEpoch: Int64(number)))
            let priority = JobPriority.allCases[number % 3]
            let item = WorkItem(
                .chunk(0), job: job, tenant: Tenant("t\(number % 50)"), priority: priority, audioMilliseconds: 9_000)
            try await queue.enqueue([item], delay: number % 10 == 0 ? .milliseconds(1) : .zero)
        }
        for _ in 0..<1_000 { try await queue.acknowledge(try await queue.next(.transcription)) }
        #expect(try await queue.depth == 0)
        // The take that finds nothing ends the lane's accounts.
        let last = Task { try await queue.next(.transcription) }
        try await eventually {
            try await queue.tidy()
            return try await client.run(RedisCommand("DBSIZE")) == .integer(0)
        }
        last.cancel()
        _ = await last.result
        await client.close()
    }

    @Test("deliveries that nobody acknowledged are given up, with their dead consumers") func givesUp() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let dead = RedisWorkQueue(client, consumer: "dead", logger: .silent)
        let queue = RedisWorkQueue(client, consumer: "alive", logger: .silent)
        try await dead.enqueue((0..<3).map { Fixed.chunk($0) })
        let lost = try await dead.next(.transcription)
        let stream = "{stt}:queue:transcription:deliveries"
        #expect(try await client.run(RedisCommand("XLEN", stream)) == .integer(1))
        #expect(try await queue.tidy() == 0)
        // A delivery's age is counted in whole milliseconds.
        try await eventually { try await queue.tidy(age: .milliseconds(1)) == 1 }
        #expect(try await client.run(RedisCommand("EXISTS", stream)) == .integer(0))
        // What was lost may come back from the reconciler; the late acknowledgement does no harm.
        try await queue.acknowledge(lost)
        try await queue.enqueue([lost.item])
        #expect(try await queue.next(.transcription).item == lost.item)

        // A consumer without deliveries goes while the stream stays.
        let held = try await queue.next(.transcription)
        try await dead.acknowledge(try await dead.next(.transcription))
        try await eventually {
            try await queue.enqueue([Fixed.chunk(9)])
            _ = try await queue.next(.transcription)
            try await queue.tidy(age: .milliseconds(20))
            let consumers = try await client.reply(to: RedisCommand("XINFO", "CONSUMERS", stream, "workers"))
            return consumers.elements?.count ?? 0 <= 1
        }
        try await queue.acknowledge(held)
        await client.close()
    }

    @Test("an item that waits already is left out, and the shortest delay counts") func coalesces() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        let item = Fixed.chunk(1)
        for delay in [600, 0.05, 600] { try await queue.enqueue([item], delay: .seconds(delay)) }
        #expect(try await queue.depth == 1)
        #expect(try await queue.next(.transcription).item == item)
        try await queue.enqueue([item, item])
        try await queue.enqueue([item], delay: .milliseconds(1))
        #expect(try await queue.depth == 1)
        _ = try await queue.next(.transcription)
        #expect(try await queue.depth == 0)
        await client.close()
    }

    @Test("an item that one process enqueues wakes a worker of another, without waiting for its next look")
    func rings() async throws {
        let server = try RedisServer()
        let (one, two) = (try await server.client(), try await server.client())
        let queue = RedisWorkQueue(one, consumer: "a", logger: .silent)
        let other = RedisWorkQueue(two, consumer: "b", logger: .silent)
        let start = ContinuousClock.now
        for number in 0..<40 {
            async let delivery = other.next(.transcription)
            try await queue.enqueue([Fixed.chunk(number)])
            try await other.acknowledge(try await delivery)
        }
        // By looking once a second it would take up to 40 s.
        #expect(ContinuousClock.now - start < .seconds(10))
        await one.close()
        await two.close()
    }

    @Test("workers of several processes get every item, and none twice") func sharesWork() async throws {
        let server = try RedisServer()
        var queues: [RedisWorkQueue] = []
        for name in ["a", "b", "c"] {
            queues.append(RedisWorkQueue(try await server.client(), consumer: name, logger: .silent))
        }
        let first = queues[0]
        let items = (0..<900).map { Fixed.chunk($0, Tenant("\($0 % 7)")) }
        let taken = try await withThrowingTaskGroup(of: [WorkItem].self) { group in
            for worker in 0..<18 {
                let queue = queues[worker % 3]
                group.addTask {
                    var taken: [WorkItem] = []
                    for _ in 0..<50 {
                        let delivery = try await queue.next(.transcription)
                        taken.append(delivery.item)
                        try await queue.acknowledge(delivery)
                    }
                    return taken
                }
            }
            for start in stride(from: 0, to: 900, by: 30) {
                try await first.enqueue(
                    Array(items[start..<start + 30]), delay: start % 4 == 0 ? .milliseconds(20) : .zero)
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.count == 900 && Set(taken) == Set(items))
        #expect(try await first.depth == 0)
    }

    @Test("a tenant that always comes back with one item gets no more than its share") func remembersTurns()
        async throws
    {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        let (steady, returning) = (Tenant("steady"), Tenant("a-returning"))
        try await queue.enqueue((0..<100).map { Fixed.chunk($0, steady) })
        let other = JobID(at: Timestamp(millisecondsSinceEpoch: 1))
        func comeBack(_ index: Int) async throws {
            try await queue.enqueue(
                [WorkItem(.chunk(index), job: other, tenant: returning, audioMilliseconds: 10_000)])
        }
        try await comeBack(0)
        var served = 0
        for number in 1...60 {
            let item = try await queue.next(.transcription).item
            guard item.tenant == returning else { continue }
            served += 1
            try await comeBack(number)
        }
        #expect((28...32).contains(served))
        await client.close()
    }

    @Test("tenants and prefixes may have any name") func takesAnyName() async throws {
        let server = try RedisServer()
        var configuration = server.configuration
        configuration.keyPrefix = "my service:1"
        let client = try await server.client(configuration)
        let queue = RedisWorkQueue(client, consumer: "a b", logger: .silent)
        for name in ["", "a:b", "{x}", "naïve ✓\n%s", "0"] {
            let item = Fixed.chunk(0, Tenant(name))
            for delay in [Duration.zero, .milliseconds(1)] {
                try await queue.enqueue([item], delay: delay)
                let delivery = try await queue.next(.transcription)
                #expect(delivery.item.tenant == Tenant(name))
                try await queue.acknowledge(delivery)
            }
        }
        await client.close()
    }

    @Test("items sort as a tenant is to be served, and are read back") func namesItems() {
        let kinds: [WorkItem.Kind] = [.prepare, .chunk(0), .chunk(9), .chunk(10), .chunk(1_000_000), .merge, .collect]
        let names = kinds.map { ItemName.make(WorkItem($0, job: Fixed.job, tenant: .default)) }
        #expect(names == names.sorted())
        for (kind, name) in zip(kinds, names) { #expect(ItemName.read(name)?.kind == kind) }
        for name in ["", ":", "x:a", "\(Fixed.job)", "\(Fixed.job):", "\(Fixed.job):b", "\(Fixed.job):b-1", "a:b:c"] {
            #expect(ItemName.read(name) == nil)
        }
    }
}
