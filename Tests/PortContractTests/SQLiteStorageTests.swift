import Foundation
import STTCore
import STTEmbedded
import STTTestKit
import Testing

@Suite struct SQLiteStorageTests {
    private static func job(_ number: Int, key: String? = nil) -> Job {
        let id = JobID(at: Timestamp(millisecondsSinceEpoch: Int64(number)))
        return Job(
            id: id, tenant: .default, idempotencyKey: key, options: TranscriptionOptions(),
            audio: StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "ab", filename: "f"),
            createdAt: Timestamp(millisecondsSinceEpoch: Int64(number)))
    }

    @Test("jobs, chunks, results and leases are there after the store was opened anew") func persists() async throws {
        try await withTemporaryFolder { path in
            var (jobs, chunks): ([Job], [Chunk]) = ([], [])
            let clock = FakeWallClock()
            let (job, owner) = (Self.job(1, key: "k"), OwnerToken())
            do {
                let store = try SQLiteJobStore(folder: DataFolder(path: path), clock: clock)
                _ = try await store.insert(job)
                _ = try await store.claim(.prepare, of: job.id, owner: owner, lease: .seconds(30))
                let format = AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: 5)
                let spans = (0..<3).map { ChunkSpan(index: $0, startSample: $0 * 10, endSample: $0 * 10 + 10) }
                _ = try await store.addChunks(spans, to: job.id, owner: owner, format: format)
                _ = try await store.claimChunk(0, of: job.id, owner: owner, lease: .seconds(30))
                let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1, text: "ça va")
                let result = ChunkResult(segments: [segment], language: "fr", engine: "e", engineMilliseconds: 1)
                _ = try await store.commitChunk(0, of: job.id, owner: owner, result: result)
                _ = try await store.claimChunk(1, of: job.id, owner: owner, lease: .seconds(30))
                jobs = try await store.jobs(JobQuery())
                chunks = try await store.chunks(of: job.id, from: 0, limit: 9)
            }
            let store = try SQLiteJobStore(folder: DataFolder(path: path), clock: clock)
            #expect(try await store.jobs(JobQuery()) == jobs)
            #expect(try await store.chunks(of: job.id, from: 0, limit: 9) == chunks)
            #expect(try await store.insert(Self.job(2, key: "k")).job.id == job.id)
            // The lease is still good, and the start of a daemon ends it.
            #expect(try await store.renew(.prepare, of: job.id, owner: owner, lease: .seconds(30)) == .renewed)
            try await store.releaseAllLeases()
            #expect(
                try await store.claimableWork(limit: 9) == [
                    WorkItem(.prepare, job: job.id, tenant: .default),
                    WorkItem(.chunk(1), job: job.id, tenant: .default),
                    WorkItem(.chunk(2), job: job.id, tenant: .default),
                ])
        }
    }

    @Test("what was acknowledged is in the files at once, as a crash would leave them") func survivesCrash()
        async throws
    {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path + "/live"))
            for number in 1...50 {
                _ = try await store.insert(Self.job(number))
                guard number.isMultiple(of: 10) else { continue }
                let copy = path + "/copy-\(number)"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                for name in ["jobs.sqlite", "jobs.sqlite-wal"] {
                    try FileManager.default.copyItem(atPath: "\(path)/live/\(name)", toPath: "\(copy)/\(name)")
                }
                let recovered = try SQLiteJobStore(folder: DataFolder(path: copy))
                #expect(try await recovered.jobs(JobQuery(limit: 99)) == store.jobs(JobQuery(limit: 99)))
            }
            #expect(try await store.run(sql: "PRAGMA synchronous") == 2)
        }
    }

    @Test("every query that could meet many jobs runs on an index") func usesIndexes() async throws {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path))
            for (name, plan) in try await store.queryPlans() {
                let tables = plan.filter { $0.hasPrefix("SCAN") || $0.hasPrefix("SEARCH") }
                #expect(!tables.isEmpty, "\(name): \(plan)")
                for step in tables { #expect(step.contains(" INDEX "), "\(name): \(plan)") }
                // Only the counts may sort, and they sort one row for each state.
                if name.hasPrefix("count") {
                    #expect(tables.allSatisfy { $0.contains("COVERING INDEX") }, "\(name): \(plan)")
                } else {
                    #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(name): \(plan)")
                }
            }
        }
    }

    @Test("100,000 jobs are listed, counted and offered as work") func holdsManyJobs() async throws {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path))
            let first = Self.job(1)
            _ = try await store.insert(first)
            let columns = "tenant, options, audio, version, created_at"
            try await store.run(
                sql: """
                    WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
                    INSERT INTO jobs (id, state, \(columns))
                    SELECT printf('%08x-0000-7000-8000-000000000000', n), iif(n % 100 = 0, 'queued', 'completed'), \(columns)
                    FROM numbers, jobs
                    """)
            let clock = ContinuousClock()
            let duration = try await clock.measure {
                let counts = try await store.counts(tenant: nil)
                #expect(counts.jobs == [.queued: 1_001, .completed: 98_999])
                #expect(counts.oldestQueuedAt == first.createdAt)
                #expect(try await store.counts(tenant: .default).jobs == counts.jobs)
                let page = try await store.jobs(JobQuery(tenant: .default, limit: 50))
                #expect(page.first?.id.description.hasPrefix("000186a0") == true && page.count == 50)
                let queued = try await store.jobs(JobQuery(states: [.queued], before: page.last?.id, limit: 50))
                #expect(queued.count == 50 && queued.allSatisfy { $0.state == .queued })
                #expect(try await store.jobs(JobQuery(states: [.failed])) == [])
                #expect(try await store.claimableWork(limit: 2_000).count == 1_001)
                #expect(try await store.markExpired(limit: 100) == 0)
            }
            print("eight queries over 100,000 jobs took \(duration)")
        }
    }

    @Test("a full database refuses what is new, keeps what it has, and goes on once there is room") func survivesLimit()
        async throws
    {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path))
            _ = try await store.insert(Self.job(1))
            let pages = try #require(try await store.run(sql: "PRAGMA page_count"))
            try await store.run(sql: "PRAGMA max_page_count = \(pages + 2)")
            let acknowledged = try await insertUntilFull(store)
            try await store.run(sql: "PRAGMA max_page_count = 1000000")
            try await expectUsable(store, jobs: acknowledged + 1)
        }
    }

    @Test(
        "a full disk refuses what is new, keeps what it has, and goes on once there is room",
        .enabled(if: SmallDisk.isAvailable, "no small disk can be mounted: that takes the rights of root"))
    func survivesFullDisk() async throws {
        try await SmallDisk.with(bytes: 16 << 20) { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path + "/data"))
            _ = try await store.insert(Self.job(1))
            let filler = path + "/filler"
            try Data(count: 15 << 20).write(to: URL(fileURLWithPath: filler))
            let acknowledged = try await insertUntilFull(store)
            try FileManager.default.removeItem(atPath: filler)
            try await expectUsable(store, jobs: acknowledged + 1)
        }
    }

    /// - Returns: How many insertions were acknowledged.
    private func insertUntilFull(_ store: SQLiteJobStore) async throws -> Int {
        for number in 2..<5_000 {
            do throws(PortError) {
                _ = try await store.insert(Self.job(number))
            } catch {
                #expect(error.code == .storageFull)
                #expect(error.message.contains("free some"))
                // Reading goes on, and so does refusing.
                #expect(try await store.jobs(JobQuery(limit: 5_000)).count == number - 1)
                await #expect(throws: PortError.self) { try await store.insert(Self.job(number)) }
                return number - 2
            }
        }
        Issue.record("the disk never became full")
        return 0
    }

    private func expectUsable(_ store: SQLiteJobStore, jobs count: Int) async throws {
        #expect(try await store.jobs(JobQuery(limit: 5_000)).count == count)
        for number in 10_000..<10_100 { _ = try await store.insert(Self.job(number)) }
        #expect(try await store.jobs(JobQuery(limit: 5_000)).count == count + 100)
    }

    @Test("a database of a newer version is refused and left as it is") func refusesNewerSchema() async throws {
        try await withTemporaryFolder { path in
            do {
                let store = try SQLiteJobStore(folder: DataFolder(path: path))
                try await store.run(sql: "INSERT INTO grdb_migrations VALUES ('2 something new')")
            }
            let error = await portError { try SQLiteJobStore(folder: DataFolder(path: path)) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("newer version of stt-rpcd") == true)
        }
    }

    @Test("a file that is no database is refused with what to do") func refusesForeignFile() async throws {
        try await withTemporaryFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let contents = Data("this is certainly no database, however long it may be. ".utf8) + Data(count: 5_000)
            try contents.write(to: URL(fileURLWithPath: path + "/jobs.sqlite"))
            let error = await portError { try SQLiteJobStore(folder: DataFolder(path: path)) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("backup") == true)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/jobs.sqlite")) == contents)
        }
    }

    @Test("what older versions stored reads with defaults") func readsOlderRecords() async throws {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path))
            let (job, owner) = (Self.job(1), OwnerToken())
            _ = try await store.insert(job)
            _ = try await store.claim(.prepare, of: job.id, owner: owner, lease: .seconds(30))
            _ = try await store.addChunks(
                [ChunkSpan(index: 0, startSample: 0, endSample: 10)], to: job.id, owner: owner,
                format: AudioFormat(name: "WAV", sampleRate: 16_000, channels: 1, sampleCount: 10))
            let options = #"{"segmentation":"silence","temperature":0,"translate":false,"wordTimestamps":true}"#
            let result =
                #"{"engine":"e","engineMilliseconds":1,"gaps":[],"segments":[{"avgLogProbability":0,"endMilliseconds":1,"#
                + #""noSpeechProbability":0,"startMilliseconds":0,"text":"a","words":[]}]}"#
            try await store.run(sql: "UPDATE jobs SET options = '\(options)'")
            try await store.run(sql: "UPDATE chunks SET result = CAST('\(result)' AS BLOB)")
            #expect(
                try await store.job(job.id, tenant: nil)?.options
                    == TranscriptionOptions(wordTimestamps: true, segmentation: .silence))
            let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: 1, text: "a")
            #expect(
                try await store.chunks(of: job.id, from: 0, limit: 1).first?.result
                    == ChunkResult(segments: [segment], engine: "e", engineMilliseconds: 1))
        }
    }

    @Test("a value that was changed by hand is reported as corrupt") func reportsUnreadableValue() async throws {
        try await withTemporaryFolder { path in
            let store = try SQLiteJobStore(folder: DataFolder(path: path))
            let job = Self.job(1)
            _ = try await store.insert(job)
            for change in ["audio = '{}'", "state = 'lost'"] {
                try await store.run(sql: "UPDATE jobs SET \(change)")
                let error = await portError { try await store.job(job.id, tenant: nil) }
                #expect(error?.code == .corrupt)
                #expect(error?.message.contains(job.id.description) == true)
            }
        }
    }
}
