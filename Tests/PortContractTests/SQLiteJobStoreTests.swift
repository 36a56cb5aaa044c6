import STTCore
import STTEmbedded
import STTTestKit
import Testing

@Suite struct SQLiteJobStoreTests {
    @Test("keeps the contract of job stores", arguments: JobStoreContract.rules)
    func keepsContract(_ rule: JobStoreContract.Rule) async throws {
        try await withTemporaryFolder { path in
            try await rule.check(SQLiteFixture(path: path))
        }
    }
}

@Suite struct ReferenceJobStoreTests {
    /// The measure itself is measured by the same rules.
    @Test("keeps the contract of job stores", arguments: JobStoreContract.rules)
    func keepsContract(_ rule: JobStoreContract.Rule) async throws {
        try await rule.check(ReferenceFixture())
    }
}

struct SQLiteFixture: JobStoreFixture {
    let store: any JobStore
    let clock = FakeWallClock()

    init(path: String) throws {
        store = try SQLiteJobStore(folder: DataFolder(path: path), clock: clock)
    }

    var now: Timestamp { clock.now }
    var unit: Duration { .seconds(1) }
    var standsStill: Bool { true }
    func advance(by duration: Duration) async throws { clock.advance(by: duration) }
}

struct ReferenceFixture: JobStoreFixture {
    let store: any JobStore
    let clock = FakeWallClock()

    init() {
        store = ReferenceJobStore(clock: clock)
    }

    var now: Timestamp { clock.now }
    var unit: Duration { .seconds(1) }
    var standsStill: Bool { true }
    func advance(by duration: Duration) async throws { clock.advance(by: duration) }
}
