public import STTCore
import Testing

/// A job store under test, empty at first, with a clock that can be turned.
public protocol JobStoreFixture: Sendable {
    var store: any JobStore { get }

    /// The time by the clock that measures the store's leases.
    var now: Timestamp { get }

    /// Leases and delays are small multiples of it. A store with a clock that is turned takes a second; one that has to
    /// wait takes the shortest time in which ten calls surely come through.
    var unit: Duration { get }

    /// Turns the clock on, or waits.
    func advance(by duration: Duration) async throws

    /// Whether time passes only by `advance`, so that two stores can be compared to the millisecond.
    var standsStill: Bool { get }
}

extension JobStoreFixture {
    /// A lease that runs out when `outlastLease` is called.
    var lease: Duration { unit * 10 }
    /// A lease that does not run out in a test.
    var longLease: Duration { .seconds(600) }
    var retention: Timestamp { now + .seconds(86_400) }

    func outlastLease() async throws { try await advance(by: unit * 11) }

    /// - Parameter age: How long ago the job was made; of two jobs the older has the lower id.
    func makeJob(
        tenant: Tenant = .default, key: String? = nil, language: String? = nil, age: Duration = .zero
    ) -> Job {
        let createdAt = Timestamp(millisecondsSinceEpoch: now.millisecondsSinceEpoch - age.milliseconds)
        let id = JobID(at: createdAt)
        return Job(
            id: id, tenant: tenant, idempotencyKey: key,
            options: TranscriptionOptions(
                language: language, prompt: "Ü\"\n", segmentation: .speech, channels: .separate, model: "base.en",
                carriesPrompt: true),
            audio: StoredAudio(key: .audio(of: id), byteCount: 7, sha256: "00ff", filename: "a b.wav"),
            createdAt: createdAt)
    }

    // MARK: Jobs at each point of their life

    func insertedJob(tenant: Tenant = .default, language: String? = nil, age: Duration = .zero) async throws -> Job {
        try await store.insert(makeJob(tenant: tenant, language: language, age: age)).job
    }

    /// A job in `preparing` whose owner holds it, with its first chunks added.
    func preparingJob(
        chunks: Int, tenant: Tenant = .default, language: String? = nil, age: Duration = .zero
    ) async throws -> (job: Job, owner: OwnerToken) {
        let id = try await insertedJob(tenant: tenant, language: language, age: age).id
        let owner = OwnerToken()
        _ = try #require(try await store.claim(.prepare, of: id, owner: owner, lease: longLease))
        #expect(try await store.addChunks(Sample.spans(chunks), to: id, owner: owner, format: Sample.format))
        return (try #require(try await store.job(id, tenant: nil)), owner)
    }

    /// A job in `transcribing` with pending chunks.
    func transcribingJob(
        chunks: Int, tenant: Tenant = .default, language: String? = nil, age: Duration = .zero
    ) async throws -> Job {
        let (job, owner) = try await preparingJob(chunks: chunks, tenant: tenant, language: language, age: age)
        return try #require(
            try await store.finishPreparing(job.id, owner: owner, chunkCount: chunks, format: Sample.format))
    }

    func commit(_ index: Int, of id: JobID, _ result: ChunkResult? = nil) async throws {
        let owner = OwnerToken()
        _ = try #require(try await store.claimChunk(index, of: id, owner: owner, lease: longLease))
        let commit = try await store.commitChunk(index, of: id, owner: owner, result: result ?? Sample.result(index))
        guard case .committed = commit else {
            Issue.record("chunk \(index) of \(id) did not commit: \(commit)")
            return
        }
    }

    /// A job in `transcribing` whose chunks are all done.
    func transcribedJob(chunks: Int, tenant: Tenant = .default, age: Duration = .zero) async throws -> Job {
        let id = try await transcribingJob(chunks: chunks, tenant: tenant, age: age).id
        for index in 0..<chunks { try await commit(index, of: id) }
        return try #require(try await store.job(id, tenant: nil))
    }

    /// A job in `merging` whose owner holds it.
    func mergingJob(chunks: Int, tenant: Tenant = .default) async throws -> (job: Job, owner: OwnerToken) {
        let id = try await transcribedJob(chunks: chunks, tenant: tenant).id
        let owner = OwnerToken()
        return (try #require(try await store.claim(.merge, of: id, owner: owner, lease: longLease)), owner)
    }

    /// A job that has ended, with two chunks, of which the first is done.
    func endedJob(_ state: JobState, tenant: Tenant = .default) async throws -> Job {
        switch state {
        case .completed:
            let (job, owner) = try await mergingJob(chunks: 2, tenant: tenant)
            return try #require(
                try await store.complete(
                    job.id, owner: owner, result: Sample.stored(job.id), language: "en", expiresAt: retention))
        case .failed:
            let (job, owner) = try await preparingJob(chunks: 2, tenant: tenant)
            try await commit(0, of: job.id)
            return try #require(
                try await store.fail(
                    job.id, stage: .prepare, owner: owner, failure: Sample.failure, expiresAt: retention))
        default:
            let job = try await transcribingJob(chunks: 2, tenant: tenant)
            try await commit(0, of: job.id)
            let cancellation = try await store.cancel(job.id, tenant: tenant, expiresAt: retention)
            guard case .cancelled(let cancelled) = cancellation else {
                throw ContractFailure("job \(job.id) could not be cancelled: \(cancellation)")
            }
            return cancelled
        }
    }

    func current(_ id: JobID) async throws -> Job {
        try #require(try await store.job(id, tenant: nil))
    }

    func chunk(_ index: Int, of id: JobID) async throws -> Chunk {
        try #require(try await store.chunks(of: id, from: index, limit: 1).first)
    }
}

/// A test could not be carried out.
struct ContractFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Values for the contract tests.
enum Sample {
    static let format = AudioFormat(name: "WAV/PCM_16", sampleRate: 44_100, channels: 2, sampleCount: nil)
    static let wholeFormat = AudioFormat(name: "WAV/PCM_16", sampleRate: 44_100, channels: 2, sampleCount: 480_000)
    static let failure = JobFailure(code: "audio.notAudio", message: "the file is \"text\", not audio")

    /// 10 s each; the second has a lead-in of 1 s.
    static func spans(_ count: Int, from first: Int = 0) -> [ChunkSpan] {
        (first..<first + count).map { index in
            ChunkSpan(
                index: index, startSample: index * 160_000, endSample: (index + 1) * 160_000,
                leadInSamples: index == 1 ? 16_000 : 0, endsInForcedCut: index == 0, checkpoint: "{\"at\":\(index)}")
        }
    }

    static func result(_ index: Int, language: String? = "en") -> ChunkResult {
        let word = TranscriptWord(startMilliseconds: 1, endMilliseconds: 2, text: "naïve—✓", probability: 0.1 + 0.2)
        let segment = TranscriptSegment(
            startMilliseconds: index * 10_000, endMilliseconds: index * 10_000 + 900, text: "chunk \(index)",
            avgLogProbability: -1.0 / 3, noSpeechProbability: 1e-9, words: [word], channel: 2,
            flags: [.lowProbability, .repetition])
        let note = GuardNote(
            kind: .droppedNoSpeech, startMilliseconds: index * 10_000 + 900, endMilliseconds: index * 10_000 + 950,
            detail: "“You”")
        return ChunkResult(
            segments: [segment], language: language, engine: "test", engineMilliseconds: 12, guards: [note])
    }

    static func gap(_ index: Int) -> ChunkResult {
        let gap = TranscriptGap(startMilliseconds: index * 10_000, endMilliseconds: index * 10_000 + 1, cause: failure)
        return ChunkResult(segments: [], gaps: [gap], engine: "test", engineMilliseconds: 0)
    }

    static func stored(_ id: JobID) -> StoredResult { StoredResult(key: .transcript(of: id), byteCount: 99) }
}
