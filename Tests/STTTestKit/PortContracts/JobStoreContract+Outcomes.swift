import STTCore
import Testing

extension JobStoreContract {
    static var outcomeRules: [Rule] {
        [
            Rule("chunks are added as they were given, and one that is there is left as it is") { fixture in
                let store = fixture.store
                let (job, owner) = try await fixture.preparingJob(chunks: 2)
                #expect(job.format == Sample.format)
                #expect(try await store.chunks(of: job.id, from: 0, limit: 9).map(\.span) == Sample.spans(2))
                try await fixture.commit(0, of: job.id)
                let before = try await store.chunks(of: job.id, from: 0, limit: 9)
                var changed = Sample.spans(3)
                changed[1].endSample = 999_999
                #expect(try await store.addChunks(changed, to: job.id, owner: owner, format: Sample.wholeFormat))
                let after = try await store.chunks(of: job.id, from: 0, limit: 9)
                #expect(Array(after.prefix(2)) == before)
                #expect(after.map(\.span) == Sample.spans(3))
                #expect(after.last?.state == .pending)
                #expect(try await fixture.current(job.id).format == Sample.wholeFormat)
            },
            Rule("an owner that lost the stage adds no chunks and ends no stage") { fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob().id
                let (first, second) = (OwnerToken(), OwnerToken())
                _ = try await store.claim(.prepare, of: id, owner: first, lease: fixture.lease)
                try await fixture.outlastLease()
                _ = try await store.claim(.prepare, of: id, owner: second, lease: fixture.longLease)
                let before = try await fixture.current(id)
                #expect(
                    try await store.addChunks(Sample.spans(1), to: id, owner: first, format: Sample.format) == false)
                #expect(try await store.chunks(of: id, from: 0, limit: 9) == [])
                #expect(
                    try await store.finishPreparing(id, owner: first, chunkCount: 0, format: Sample.format) == nil)
                #expect(
                    try await store.fail(
                        id, stage: .prepare, owner: first, failure: Sample.failure, expiresAt: fixture.now) == nil)
                #expect(try await fixture.current(id) == before)

                let (merging, merger) = try await fixture.mergingJob(chunks: 1)
                let stored = Sample.stored(merging.id)
                #expect(
                    try await store.complete(
                        merging.id, owner: first, result: stored, language: nil, expiresAt: fixture.now) == nil)
                #expect(
                    try await store.fail(
                        merging.id, stage: .prepare, owner: merger, failure: Sample.failure, expiresAt: fixture.now)
                        == nil)
                #expect(try await fixture.current(merging.id) == merging)
            },
            Rule("an owner whose lease merely ran out still ends its stage") { fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob().id
                let owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.lease)
                try await fixture.outlastLease()
                #expect(try await store.addChunks(Sample.spans(1), to: id, owner: owner, format: Sample.format))
                #expect(
                    try await store.finishPreparing(id, owner: owner, chunkCount: 1, format: Sample.format) != nil)
            },
            Rule("preparing ends with exactly the chunks that are there") { fixture in
                let (job, owner) = try await fixture.preparingJob(chunks: 3)
                for count in [0, 2, 4] {
                    await expect(.invalidArgument) {
                        try await fixture.store.finishPreparing(
                            job.id, owner: owner, chunkCount: count, format: Sample.format)
                    }
                }
                #expect(try await fixture.current(job.id) == job)
                let prepared = try #require(
                    try await fixture.store.finishPreparing(
                        job.id, owner: owner, chunkCount: 3, format: Sample.wholeFormat))
                #expect(prepared.state == .transcribing)
                #expect(prepared.chunkCount == 3)
                #expect(prepared.format == Sample.wholeFormat)
                #expect(prepared.lease == nil)
                #expect(prepared.version == job.version + 1)
                #expect(try await fixture.current(job.id) == prepared)
            },
            Rule("preparing does not end while a chunk is missing in between") { fixture in
                let (job, owner) = try await fixture.preparingJob(chunks: 1)
                _ = try await fixture.store.addChunks(
                    Sample.spans(1, from: 2), to: job.id, owner: owner, format: Sample.format)
                for count in [1, 2, 3] {
                    await expect(.invalidArgument) {
                        try await fixture.store.finishPreparing(
                            job.id, owner: owner, chunkCount: count, format: Sample.format)
                    }
                }
            },
            Rule("a recording without a chunk goes straight to merging") { fixture in
                let job = try await fixture.transcribingJob(chunks: 0)
                #expect(job.chunkCount == 0)
                let owner = OwnerToken()
                _ = try #require(try await fixture.store.claim(.merge, of: job.id, owner: owner, lease: fixture.lease))
            },
            Rule("a completed job has its result, its language and its end") { fixture in
                let (job, owner) = try await fixture.mergingJob(chunks: 2)
                let (before, expiry) = (fixture.now, fixture.retention)
                let done = try #require(
                    try await fixture.store.complete(
                        job.id, owner: owner, result: Sample.stored(job.id), language: "cy", expiresAt: expiry))
                #expect(done.state == .completed)
                #expect(done.result == Sample.stored(job.id))
                #expect(done.language == "cy")
                #expect(done.lease == nil)
                #expect(done.failure == nil)
                #expect(done.expiresAt == expiry)
                let finishedAt = try #require(done.finishedAt)
                #expect(finishedAt >= before && finishedAt <= fixture.now)
                #expect(done.version == job.version + 1)
                #expect(try await fixture.current(job.id) == done)
            },
            Rule("completing without a language keeps the one that is known") { fixture in
                let (job, owner) = try await fixture.mergingJob(chunks: 1)
                let done = try await fixture.store.complete(
                    job.id, owner: owner, result: Sample.stored(job.id), language: nil, expiresAt: fixture.now)
                #expect(done?.language == "en")
            },
            Rule("a failed job has its failure, and its chunks that are not done are cancelled") { fixture in
                let store = fixture.store
                let (job, owner) = try await fixture.preparingJob(chunks: 3)
                try await fixture.commit(0, of: job.id)
                let runner = OwnerToken()
                _ = try await store.claimChunk(1, of: job.id, owner: runner, lease: fixture.longLease)
                let failed = try #require(
                    try await store.fail(
                        job.id, stage: .prepare, owner: owner, failure: Sample.failure, expiresAt: fixture.retention))
                #expect(failed.state == .failed)
                #expect(failed.failure == Sample.failure)
                #expect(failed.lease == nil)
                #expect(failed.finishedAt != nil && failed.expiresAt != nil)
                let chunks = try await store.chunks(of: job.id, from: 0, limit: 9)
                #expect(chunks.map(\.state) == [.done, .cancelled, .cancelled])
                #expect(chunks.allSatisfy { $0.lease == nil })
                #expect(try await store.renewChunk(1, of: job.id, owner: runner, lease: fixture.lease) == .ended)
                #expect(try await store.commitChunk(1, of: job.id, owner: runner, result: Sample.result(1)) == .ended)

                let (merging, merger) = try await fixture.mergingJob(chunks: 1)
                let unmerged = try await store.fail(
                    merging.id, stage: .merge, owner: merger, failure: Sample.failure, expiresAt: fixture.retention)
                #expect(unmerged?.state == .failed)
            },
        ]
    }
}
