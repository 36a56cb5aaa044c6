import Foundation
import Logging
import STTCore
import STTMongo
import STTTestKit
import Testing

/// The rules take turns, so that what is timed does not wait for the load of many others. Those that make much load, and
/// are not timed, run beside those that mostly wait.
@Suite(.serialized) struct MongoJobStoreTests {
    @Test("keeps the contract of job stores", arguments: JobStoreContract.rules.filter { !isRace($0) })
    func keepsContract(_ rule: JobStoreContract.Rule) async throws {
        try await withMongoDatabase { try await rule.check(MongoFixture(store: MongoJobStore($0))) }
    }
}

@Suite(.serialized) struct MongoJobStoreRaceTests {
    @Test("keeps the contract of job stores in races", arguments: JobStoreContract.rules.filter { isRace($0) })
    func keepsContract(_ rule: JobStoreContract.Rule) async throws {
        try await withMongoDatabase { try await rule.check(MongoFixture(store: MongoJobStore($0))) }
    }
}

private func isRace(_ rule: JobStoreContract.Rule) -> Bool {
    ["races", "at once", "at random"].contains { rule.testDescription.contains($0) }
}

@Suite(.serialized) struct MongoWorkerRegistryTests {
    @Test("keeps the contract of worker registries", arguments: WorkerRegistryContract.rules)
    func keepsContract(_ rule: WorkerRegistryContract.Rule) async throws {
        try await withMongoDatabase { database in
            try await rule.check(MongoRegistryFixture(registry: MongoWorkerRegistry(database)))
        }
    }
}

private struct MongoRegistryFixture: WorkerRegistryFixture {
    let registry: any WorkerRegistry
    var unit: Duration { .milliseconds(150) }
    func advance(by duration: Duration) async throws { try await Task.sleep(for: duration) }
}

private struct MongoFixture: JobStoreFixture {
    let store: any JobStore

    /// The server runs on this machine, and cuts its times off to milliseconds.
    var now: Timestamp {
        Timestamp(millisecondsSinceEpoch: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }
    var unit: Duration { .milliseconds(200) }
    var standsStill: Bool { false }
    func advance(by duration: Duration) async throws { try await Task.sleep(for: duration) }
}

/// Lends a database with a name of its own and removes it afterwards.
private func withMongoDatabase(_ body: (MongoDatabase) async throws -> Void) async throws {
    let url = try #require(
        ProcessInfo.processInfo.environment["STT_TEST_MONGODB_URL"],
        "STT_TEST_MONGODB_URL is not set: run the tests with `make test`, which starts the services they need")
    let name = "stt_contract_\(UInt64.random(in: 0 ... .max))"
    var logger = Logger(label: "test.mongo")
    logger.logLevel = .error
    let database = try MongoDatabase(MongoConfiguration(url: url, database: name), logger: logger)
    do {
        try await database.prepare()
        try await body(database)
    } catch {
        try? await database.drop()
        throw error
    }
    try await database.drop()
}
