import Foundation
import Logging
import STTCore
import STTRedis
import STTTestKit
import Synchronization
import Testing

/// A key prefix of its own on the tests' Redis.
private struct TestRedis {
    let client: RedisClient

    init() throws {
        guard let url = ProcessInfo.processInfo.environment["STT_TEST_REDIS_URL"] else {
            throw MissingService()
        }
        var configuration = try RedisConfiguration(url: url)
        configuration.keyPrefix = "test-\(UUID().uuidString.lowercased())"
        client = try RedisClient(configuration, logger: Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() })
    }

    private struct MissingService: Error, CustomStringConvertible {
        var description: String { "STT_TEST_REDIS_URL is not set: run the tests with `make test`" }
    }
}

@Suite struct RedisWorkQueueTests {
    /// Concurrency: the `Mutex` guards the time.
    private final class Fixture: WorkQueueFixture {
        let queue: any WorkQueue
        private let start = ContinuousClock.now
        private let advanced = Mutex(Duration.zero)

        init(_ queue: any WorkQueue) {
            self.queue = queue
        }

        var now: Duration { ContinuousClock.now - start }
        var unit: Duration { .milliseconds(400) }

        /// Waits until so much has passed in all, so that the time that calls take does not add up.
        func advance(by duration: Duration) async throws {
            let total = advanced.withLock { total in
                total += duration
                return total
            }
            try await Task.sleep(until: start + total, clock: .continuous)
        }
    }

    @Test(
        "keeps the contract of work queues", .timeLimit(.minutes(5)),
        arguments: WorkQueueContract.rules + WorkQueueContract.weightRules)
    func keepsContract(_ rule: WorkQueueContract.Rule) async throws {
        let redis = try TestRedis()
        let queue = RedisWorkQueue(redis.client, consumer: "test", logger: Logger(label: "queue"))
        try await rule.check(Fixture(queue))
        try await queue.removeEverything()
        await redis.client.close()
    }
}

@Suite struct RedisEventBusTests {
    @Test("keeps the contract of event buses", .timeLimit(.minutes(5)), arguments: EventBusContract.rules)
    func keepsContract(_ rule: EventBusContract.Rule) async throws {
        let redis = try TestRedis()
        try await rule.check(RedisEventBus(redis.client, logger: Logger(label: "events")))
        await redis.client.close()
    }
}
