import STTCore
import Testing

@testable import STTMongo

/// What is left when a process ends between two of its updates, or when an answer is lost.
@Suite(.serialized) struct MongoInterruptionTests {
    /// A worker that ends after its commit reached the chunk, and before it reached the job.
    private func commitToChunkOnly(
        _ index: Int, of id: JobID, owner: OwnerToken, _ database: MongoDatabase
    ) async throws {
        let outcome = try await database.run("test") { session throws(PortError) in
            try MongoJobStore.commitToChunk(
                index, of: id, owner, sampleResult, json: try MongoRecord.json(sampleResult), claims: database.claims,
                in: session)
        }
        guard case .done = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    private func set(
        _ field: String, _ value: BSONValue, of id: String, in collection: String, _ database: MongoDatabase
    ) async throws {
        let change: BSONValue = ["$set": .document(BSONDocument(fields: [.init(name: field, value: value)]))]
        let matched = try await database.run("test") { session throws(PortError) in
            try session.updateOne(collection, ["_id": .string(id)], change)
        }
        #expect(matched == 1)
    }

    @Test("a commit whose answer was lost is repeated with the same outcome") func repeatsCommit() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 2)
            let owner = try await store.claimed(0, of: id)
            let first = try await store.commitChunk(0, of: id, owner: owner, result: sampleResult)
            let second = try await store.commitChunk(0, of: id, owner: owner, result: sampleResult)
            #expect(first == second)
            #expect(try await store.job(id, tenant: nil)?.progress.chunksDone == 1)
            // Another result, or another owner, is none of a repetition.
            var other = sampleResult
            other.engine = "other"
            #expect(try await store.commitChunk(0, of: id, owner: owner, result: other) == .fenced)
            #expect(try await store.commitChunk(0, of: id, owner: OwnerToken(), result: sampleResult) == .fenced)
        }
    }

    @Test("a commit is repeated also after the job has completed with it") func repeatsCommitOfCompleted() async throws
    {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 1)
            let owner = try await store.claimed(0, of: id)
            _ = try await store.commitChunk(0, of: id, owner: owner, result: sampleResult)
            let merger = OwnerToken()
            _ = try #require(try await store.claim(.merge, of: id, owner: merger, lease: .seconds(600)))
            let completed = try #require(
                try await store.complete(
                    id, owner: merger, result: StoredResult(key: .transcript(of: id), byteCount: 1), language: nil,
                    expiresAt: SystemWallClock().now + .seconds(99)))
            #expect(
                try await store.commitChunk(0, of: id, owner: owner, result: sampleResult) == .committed(completed))
        }
    }

    @Test("a worker that claimed through another connection commits all the same") func commitsUncached() async throws {
        try await withMongo { database, configuration in
            let id = try await MongoJobStore(database).transcribing(chunks: 1)
            let owner = try await MongoJobStore(database).claimed(0, of: id)
            let other = MongoJobStore(try MongoDatabase(configuration, logger: quietLogger))
            guard case .committed(let job) = try await other.commitChunk(0, of: id, owner: owner, result: sampleResult)
            else {
                Issue.record("not committed")
                return
            }
            #expect(job.progress == JobProgress(chunksDone: 1, samplesDone: 16_000, chunkAttempts: 1))
        }
    }

    @Test("a commit that did not reach the job is counted by the upkeep, and once only") func repairsCounters()
        async throws
    {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 2)
            let (first, second) = (try await store.claimed(0, of: id), try await store.claimed(1, of: id))
            try await commitToChunkOnly(0, of: id, owner: first, database)
            _ = try await store.commitChunk(1, of: id, owner: second, result: sampleResult)
            #expect(try await store.job(id, tenant: nil)?.progress.chunksDone == 1)
            #expect(try await store.claimableWork(limit: 9) == [WorkItem(.merge, job: id, tenant: .default)])
            let expected = JobProgress(chunksDone: 2, samplesDone: 32_000, chunkAttempts: 2)
            #expect(try await store.job(id, tenant: nil)?.progress == expected)
            // The worker lives after all, and says it again.
            guard case .committed = try await store.commitChunk(0, of: id, owner: first, result: sampleResult) else {
                Issue.record("not committed")
                return
            }
            #expect(try await store.job(id, tenant: nil)?.progress == expected)
        }
    }

    @Test("a commit that did not reach the job does not keep it from being merged") func mergesAfterRepair()
        async throws
    {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 1)
            try await commitToChunkOnly(0, of: id, owner: try await store.claimed(0, of: id), database)
            let job = try await store.claim(.merge, of: id, owner: OwnerToken(), lease: .seconds(600))
            #expect(job?.progress.chunksDone == 1)
            #expect(job?.language == "en")
        }
    }

    @Test("a commit that reached its chunk only before the job was cancelled is taken back") func takesCommitBack()
        async throws
    {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 1)
            let owner = try await store.claimed(0, of: id)
            try await commitToChunkOnly(0, of: id, owner: owner, database)
            _ = try await store.cancel(id, tenant: nil, expiresAt: SystemWallClock().now + .seconds(99))
            #expect(try await store.commitChunk(0, of: id, owner: owner, result: sampleResult) == .ended)
            let chunk = try await store.chunks(of: id, from: 0, limit: 1).first
            #expect(chunk?.state == .cancelled && chunk?.result == nil)
        }
    }

    @Test("a cancellation that was interrupted before the chunks is finished by claims and by the upkeep")
    func finishesCancellation() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            for viaClaim in [true, false] {
                let id = try await store.transcribing(chunks: 2)
                try await set("state", "cancelled", of: id.description, in: MongoCollection.jobs, database)
                if viaClaim {
                    #expect(
                        try await store.claimChunk(0, of: id, owner: OwnerToken(), lease: .seconds(9)) == nil)
                } else {
                    #expect(try await store.claimableWork(limit: 9) == [])
                }
                #expect(
                    try await store.chunks(of: id, from: 0, limit: 9).map(\.state) == [.cancelled, .cancelled])
            }
        }
    }

    @Test("chunks whose job is gone are removed by the upkeep") func removesOrphans() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 2)
            try await database.run("test") { session throws(PortError) in
                try session.deleteOne(MongoCollection.jobs, ["_id": .string(id.description)])
            }
            #expect(try await store.claimableWork(limit: 9) == [])
            #expect(try await store.chunks(of: id, from: 0, limit: 9) == [])
        }
    }

    @Test("a damaged document is reported with its name") func namesDamage() async throws {
        try await withMongo { database, _ in
            let store = MongoJobStore(database)
            let id = try await store.transcribing(chunks: 1)
            try await set("end", "x", of: "\(id)/00000000", in: MongoCollection.chunks, database)
            let chunk = try #require(
                await portError { try await store.chunks(of: id, from: 0, limit: 1) }.error)
            #expect(chunk.code == .corrupt)
            #expect(chunk.message.contains("\(id)/00000000") && chunk.message.contains("chunks"))
            try await set("options", "{", of: id.description, in: MongoCollection.jobs, database)
            let job = try #require(await portError { try await store.job(id, tenant: nil) }.error)
            #expect(job.code == .corrupt)
            #expect(job.message.contains("\"\(id)\"") && job.message.contains("options"))
        }
    }
}
