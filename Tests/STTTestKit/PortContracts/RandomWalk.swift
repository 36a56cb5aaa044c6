import STTCore
import Testing

/// Does the same random operations on a store and on the reference, and compares what they return and hold.
///
/// The owners are few and reused, so that many calls come from one that lost its lease.
struct RandomWalk {
    private let fixture: any JobStoreFixture
    private let reference: ReferenceJobStore
    private let seed: UInt64
    private var generator: SeededGenerator
    private var ids: [JobID] = []
    private let owners = (0..<3).map { OwnerToken("owner-\($0)") }
    private let tenants = [Tenant("a"), Tenant("b")]

    private struct FixtureClock: WallClock {
        let fixture: any JobStoreFixture
        var now: Timestamp { fixture.now }
    }

    init(fixture: any JobStoreFixture, seed: UInt64) {
        self.fixture = fixture
        self.seed = seed
        reference = ReferenceJobStore(clock: FixtureClock(fixture: fixture))
        generator = SeededGenerator(seed: seed)
    }

    mutating func run(steps: Int) async throws {
        print("random walk over the job store, seed \(seed)")
        for step in 0..<steps {
            let (name, operation) = nextOperation()
            let (actual, expected) = (await outcome(fixture.store, operation), await outcome(reference, operation))
            #expect(actual == expected, "seed \(seed), step \(step): \(name)")
            if Int.random(in: 0..<4, using: &generator) == 0 {
                try await fixture.advance(by: fixture.unit * Int.random(in: 1...6, using: &generator))
            }
            guard actual == expected, try await isSame(after: "seed \(seed), step \(step): \(name)") else { return }
        }
    }

    // MARK: Comparing

    private typealias Operation = @Sendable (any JobStore) async throws -> any Sendable

    /// What an operation returned or threw, in a form that can be compared.
    private func outcome(_ store: any JobStore, _ operation: Operation) async -> String {
        do {
            return String(describing: try await operation(store))
        } catch let error as PortError {
            return "error \(error.code)"
        } catch {
            return "error \(error)"
        }
    }

    private func isSame(after step: String) async throws -> Bool {
        var same = true
        func compare<Value: Equatable>(_ what: String, _ actual: Value, _ expected: Value) {
            #expect(actual == expected, "\(what) after \(step)")
            same = same && actual == expected
        }
        let store = fixture.store
        compare("jobs", try await store.jobs(JobQuery(limit: 99)), try await reference.jobs(JobQuery(limit: 99)))
        compare("counts", try await store.counts(tenant: nil), try await reference.counts(tenant: nil))
        compare("work", try await store.claimableWork(limit: 99), try await reference.claimableWork(limit: 99))
        compare("deleted", try await store.collectable(limit: 99), try await reference.collectable(limit: 99))
        for id in ids {
            compare(
                "chunks", try await store.chunks(of: id, from: 0, limit: 9),
                try await reference.chunks(of: id, from: 0, limit: 9))
        }
        return same
    }

    // MARK: Operations

    private mutating func nextOperation() -> (name: String, operation: Operation) {
        let kind = Int.random(in: 0..<100, using: &generator)
        guard kind >= 6, let id = ids.randomElement(using: &generator) else { return insertion() }
        switch kind {
        case ..<10: return reception(of: id)
        case ..<40: return stageOperation(on: id)
        case ..<90: return chunkOperation(on: id)
        default: return upkeepOperation(on: id)
        }
    }

    private mutating func insertion() -> (String, Operation) {
        let tenant = tenants.randomElement(using: &generator) ?? .default
        let key = ["k", "l", nil].randomElement(using: &generator) ?? nil
        let id = JobID(at: fixture.now, using: &generator)
        let job = Job(
            id: id, tenant: tenant, idempotencyKey: key, options: TranscriptionOptions(),
            audio: StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "ab", filename: "f"), createdAt: fixture.now)
        ids = ids.suffix(4) + [id]
        if Bool.random(using: &generator) { return ("insert", { try await $0.insert(job) }) }
        var receiving = job
        receiving.audio = .receiving(.audio(of: id), filename: "f")
        let (begun, owner, lease) = (receiving, owners[0], fixture.lease)
        return ("insertReceiving", { try await $0.insertReceiving(begun, owner: owner, lease: lease) })
    }

    private mutating func reception(of id: JobID) -> (String, Operation) {
        let owner = owners[Int.random(in: 0...1, using: &generator)]
        let key = ["k", "l", nil].randomElement(using: &generator) ?? nil
        let audio = StoredAudio(key: .audio(of: id), byteCount: 2, sha256: "cd", filename: "f")
        return (
            "finishReceiving",
            { try await $0.finishReceiving(id, owner: owner, audio: audio, idempotencyKey: key) }
        )
    }

    private mutating func stageOperation(on id: JobID) -> (String, Operation) {
        let owner = owners[Int.random(in: 0..<owners.count, using: &generator)]
        let stage = JobStage.allCases[Int.random(in: 0...1, using: &generator)]
        let (lease, retention) = (fixture.lease, fixture.now + fixture.unit * 40)
        let number = Int.random(in: 0...3, using: &generator)
        let isCharged = Bool.random(using: &generator)
        let delay = fixture.unit * (number * 2)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<7:
            return (
                "claim \(stage)", { try await $0.claim(stage, of: id, owner: owner, lease: lease) as (any Sendable) }
            )
        case 7..<9:
            return ("renew \(stage)", { try await $0.renew(stage, of: id, owner: owner, lease: lease) })
        case 9..<11:
            let failure = isCharged ? Sample.failure : nil
            return (
                "release \(stage)",
                {
                    try await $0.release(
                        stage, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: isCharged)
                }
            )
        case 11..<14:
            let spans = Sample.spans(number)
            return ("addChunks", { try await $0.addChunks(spans, to: id, owner: owner, format: Sample.format) })
        case 14..<17:
            return (
                "finishPreparing",
                {
                    try await $0.finishPreparing(id, owner: owner, chunkCount: number, format: Sample.wholeFormat)
                        as (any Sendable)
                }
            )
        case 17..<19:
            let language = isCharged ? "cy" : nil
            return (
                "complete",
                {
                    try await $0.complete(
                        id, owner: owner, result: Sample.stored(id), language: language, expiresAt: retention)
                        as (any Sendable)
                }
            )
        default:
            return (
                "fail \(stage)",
                {
                    try await $0.fail(
                        id, stage: stage, owner: owner, failure: Sample.failure, expiresAt: retention) as (any Sendable)
                }
            )
        }
    }

    private mutating func chunkOperation(on id: JobID) -> (String, Operation) {
        let owner = owners[Int.random(in: 0..<owners.count, using: &generator)]
        let index = Int.random(in: 0...3, using: &generator)
        let lease = fixture.lease
        let isCharged = Bool.random(using: &generator)
        let delay = fixture.unit * Int.random(in: 0...6, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<4:
            return (
                "claimChunk \(index)",
                { try await $0.claimChunk(index, of: id, owner: owner, lease: lease) as (any Sendable) }
            )
        case 4..<5:
            return ("renewChunk \(index)", { try await $0.renewChunk(index, of: id, owner: owner, lease: lease) })
        case 5..<8:
            let result = isCharged ? Sample.gap(index) : Sample.result(index)
            return ("commitChunk \(index)", { try await $0.commitChunk(index, of: id, owner: owner, result: result) })
        default:
            let failure = isCharged ? Sample.failure : nil
            return (
                "releaseChunk \(index)",
                {
                    try await $0.releaseChunk(
                        index, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: isCharged)
                }
            )
        }
    }

    private mutating func upkeepOperation(on id: JobID) -> (String, Operation) {
        let tenant = (tenants + [nil]).randomElement(using: &generator) ?? nil
        let retention = fixture.now + fixture.unit * 40
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: return ("cancel", { try await $0.cancel(id, tenant: tenant, expiresAt: retention) })
        case 1: return ("releaseAllLeases", { try await $0.releaseAllLeases() })
        case 2: return ("markDeleted", { try await $0.markDeleted(id, tenant: tenant) })
        case 3: return ("markExpired", { try await $0.markExpired(limit: 9) })
        case 4..<6: return ("purge", { try await $0.purge(id) })
        default: return ("job", { try await $0.job(id, tenant: tenant) as (any Sendable) })
        }
    }
}
