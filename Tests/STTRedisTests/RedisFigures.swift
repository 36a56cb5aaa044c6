import Foundation
import STTCore
import Testing

@testable import STTRedis

/// Figures, printed where STT_MEASURE is set. They never pass or fail.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["STT_MEASURE"] != nil)) struct RedisFigures {
    @Test("items that go through the queue in a second", arguments: [1, 16]) func throughput(_ workers: Int)
        async throws
    {
        let server = try RedisServer()
        let client = try await server.client()
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        let count = 8_000
        let clock = ContinuousClock()
        let time = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<workers {
                    group.addTask {
                        let job = JobID(at: Timestamp(millisecondsSinceEpoch: Int64(worker)))
                        for index in 0..<count / workers {
                            try await queue.enqueue(
                                [WorkItem(.chunk(index), job: job, tenant: .default, audioMilliseconds: 10_000)])
                            try await queue.acknowledge(try await queue.next(.transcription))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        print("redis queue, \(workers) workers: \(Int(Double(count) / time.seconds)) enqueue+take+acknowledge/s")
        await client.close()
    }

    @Test("time from publishing to the subscriber", arguments: [1, 500]) func latency(_ streams: Int) async throws {
        let server = try RedisServer()
        let (one, two) = (try await server.client(), try await server.client())
        let (publisher, bus) = (RedisEventBus(one, logger: .silent), RedisEventBus(two, logger: .silent))
        let jobs = (0..<streams).map { JobID(at: Timestamp(millisecondsSinceEpoch: Int64($0))) }
        var subscriptions: [EventSubscription<JobEvent>] = []
        for job in jobs { subscriptions.append(try await bus.subscribe(to: job)) }
        var times: [Duration] = []
        for index in 0..<3_000 {
            var events = subscriptions[index % streams].makeAsyncIterator()
            let event = Fixed.event(index, of: jobs[index % streams])
            let start = ContinuousClock.now
            async let published: Void = publisher.publish(event)
            _ = await events.next()
            times.append(ContinuousClock.now - start)
            try await published
        }
        times.sort()
        let (median, tail) = (times[times.count / 2], times[times.count * 99 / 100])
        print("redis events, \(streams) streams: p50 \(median), p99 \(tail), worst \(times[times.count - 1])")
        await one.close()
        await two.close()
    }
}
