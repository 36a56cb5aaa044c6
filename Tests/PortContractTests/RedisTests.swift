import Foundation
import Logging
import STTCore
import STTRedis
import STTTestKit
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
    private struct Fixture: WorkQueueFixture {
        let queue: any WorkQueue

        var unit: Duration { .milliseconds(250) }
        func advance(by duration: Duration) async throws { try await Task.sleep(for: duration) }
    }

    @Test(
        "keeps the contract of work queues", .timeLimit(.minutes(1)),
        arguments: WorkQueueContract.rules + WorkQueueContract.priorityRules + WorkQueueContract.weightRules)
    func keepsContract(_ rule: WorkQueueContract.Rule) async throws {
        let redis = try TestRedis()
        let queue = RedisWorkQueue(redis.client, consumer: "test", logger: Logger(label: "queue"))
        try await rule.check(Fixture(queue: queue))
        try await queue.removeEverything()
        await redis.client.close()
    }
}

@Suite struct RedisEventBusTests {
    @Test("keeps the contract of event buses", .timeLimit(.minutes(1)), arguments: EventBusContract.rules)
    func keepsContract(_ rule: EventBusContract.Rule) async throws {
        let redis = try TestRedis()
        try await rule.check(RedisEventBus(redis.client, logger: Logger(label: "events")))
        await redis.client.close()
    }
}
