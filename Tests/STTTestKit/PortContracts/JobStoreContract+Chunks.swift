import STTCore
import Testing

extension JobStoreContract {
    static var chunkRules: [Rule] {
        [
            Rule("a claimed chunk comes with what its transcription needs") { fixture in
                let job = try await fixture.transcribingJob(chunks: 2, tenant: Tenant("a"), language: "de")
                let owner = OwnerToken()
                let claimed = try #require(
                    try await fixture.store.claimChunk(1, of: job.id, owner: owner, lease: fixture.longLease))
                #expect(claimed.options == job.options)
                #expect(claimed.language == "de")
                #expect(claimed.tenant == job.tenant)
                #expect(claimed.chunk.span == Sample.spans(2)[1])
                #expect(claimed.chunk.state == .running)
                #expect(claimed.chunk.attempts == 1 && claimed.chunk.claims == 1)
                #expect(claimed.chunk.lease?.owner == owner)
                #expect(try await fixture.chunk(1, of: job.id) == claimed.chunk)
                #expect(try await fixture.current(job.id).progress.chunkAttempts == 1)
            },
            Rule("chunks are transcribed while the job is still being prepared") { fixture in
                let (job, owner) = try await fixture.preparingJob(chunks: 1)
                try await fixture.commit(0, of: job.id)
                let prepared = try #require(
                    try await fixture.store.finishPreparing(job.id, owner: owner, chunkCount: 1, format: Sample.format))
                #expect(prepared.progress.chunksDone == 1)
            },
            Rule("of 50 claims of a chunk at once exactly one wins") { fixture in
                let id = try await fixture.transcribingJob(chunks: 1).id
                let claims = try await concurrently((0..<50).map { _ in OwnerToken() }) {
                    try await fixture.store.claimChunk(0, of: id, owner: $0, lease: fixture.longLease)
                }
                let won = claims.compactMap { $0 }
                #expect(won.count == 1)
                let chunk = try await fixture.chunk(0, of: id)
                #expect(chunk.lease == won.first?.chunk.lease)
                #expect(chunk.claims == 1)
            },
            Rule("a commit makes the chunk done, keeps its result exactly, and counts it once") { fixture in
                let store = fixture.store
                let id = try await fixture.transcribingJob(chunks: 3).id
                let owner = OwnerToken()
                _ = try await store.claimChunk(1, of: id, owner: owner, lease: fixture.longLease)
                let commit = try await store.commitChunk(1, of: id, owner: owner, result: Sample.result(1))
                let job = try await fixture.current(id)
                #expect(commit == .committed(job))
                #expect(
                    job.progress
                        == JobProgress(chunksDone: 1, chunksWithGaps: 0, samplesDone: 144_000, chunkAttempts: 1))
                let chunk = try await fixture.chunk(1, of: id)
                #expect(chunk.state == .done)
                #expect(chunk.result == Sample.result(1))
                #expect(chunk.lease == nil)
                #expect(try await store.commitChunk(1, of: id, owner: owner, result: Sample.gap(1)) == .fenced)
                #expect(try await store.claimChunk(1, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                #expect(try await store.renewChunk(1, of: id, owner: owner, lease: fixture.lease) == .ended)
                try await store.releaseChunk(
                    1, of: id, owner: owner, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                #expect(try await fixture.chunk(1, of: id) == chunk)
                #expect(try await fixture.current(id) == job)
            },
            Rule("the language is the one asked for, else the first one that a chunk brings") { fixture in
                let asked = try await fixture.transcribingJob(chunks: 1, language: "de")
                try await fixture.commit(0, of: asked.id, Sample.result(0, language: "en"))
                #expect(try await fixture.current(asked.id).language == "de")

                let open = try await fixture.transcribingJob(chunks: 3)
                try await fixture.commit(2, of: open.id, Sample.result(2, language: nil))
                #expect(try await fixture.current(open.id).language == nil)
                try await fixture.commit(1, of: open.id, Sample.result(1, language: "fr"))
                try await fixture.commit(0, of: open.id, Sample.result(0, language: "en"))
                #expect(try await fixture.current(open.id).language == "fr")
            },
            Rule("a chunk with a gap is done and counted as such") { fixture in
                let id = try await fixture.transcribingJob(chunks: 2).id
                try await fixture.commit(0, of: id, Sample.gap(0))
                let progress = try await fixture.current(id).progress
                #expect(progress.chunksDone == 1 && progress.chunksWithGaps == 1)
                #expect(try await fixture.chunk(0, of: id).result == Sample.gap(0))
            },
            Rule("a commit after the lease was taken by another claim is fenced, however late") { fixture in
                let store = fixture.store
                let id = try await fixture.transcribingJob(chunks: 1).id
                let (first, second) = (OwnerToken(), OwnerToken())
                _ = try await store.claimChunk(0, of: id, owner: first, lease: fixture.lease)
                try await fixture.outlastLease()
                let claimed = try #require(
                    try await store.claimChunk(0, of: id, owner: second, lease: fixture.longLease))
                // The lost claim is not charged.
                #expect(claimed.chunk.attempts == 1 && claimed.chunk.claims == 2)
                #expect(try await store.commitChunk(0, of: id, owner: first, result: Sample.gap(0)) == .fenced)
                #expect(try await store.renewChunk(0, of: id, owner: first, lease: fixture.lease) == .lost)
                try await store.releaseChunk(
                    0, of: id, owner: first, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                #expect(try await fixture.chunk(0, of: id) == claimed.chunk)
                guard case .committed = try await store.commitChunk(0, of: id, owner: second, result: Sample.result(0))
                else {
                    Issue.record("the chunk's owner could not commit")
                    return
                }
                #expect(try await store.commitChunk(0, of: id, owner: first, result: Sample.gap(0)) == .fenced)
                #expect(try await fixture.chunk(0, of: id).result == Sample.result(0))
            },
            Rule("a commit after the lease merely ran out succeeds") { fixture in
                let id = try await fixture.transcribingJob(chunks: 1).id
                let owner = OwnerToken()
                _ = try await fixture.store.claimChunk(0, of: id, owner: owner, lease: fixture.lease)
                try await fixture.outlastLease()
                let commit = try await fixture.store.commitChunk(0, of: id, owner: owner, result: Sample.result(0))
                #expect(commit == .committed(try await fixture.current(id)))
            },
            Rule("leases and delays are over to the millisecond") { fixture in
                guard fixture.standsStill else { return }
                let store = fixture.store
                let id = try await fixture.transcribingJob(chunks: 1).id
                let next = try await fixture.insertedJob().id
                func claim() async throws -> Bool {
                    let owner = OwnerToken()
                    let chunk = try await store.claimChunk(0, of: id, owner: owner, lease: fixture.lease)
                    let job = try await store.claim(.prepare, of: next, owner: owner, lease: fixture.lease)
                    let items = try await store.claimableWork(limit: 9)
                    #expect((chunk != nil) == (job != nil))
                    #expect(items.isEmpty)
                    return chunk != nil
                }
                #expect(try await claim())
                try await fixture.advance(by: fixture.lease - .milliseconds(1))
                #expect(try await claim() == false)
                try await fixture.advance(by: .milliseconds(1))
                #expect(try await store.claimableWork(limit: 9).count == 2)
                #expect(try await claim())

                let (holder, stageHolder) = (
                    try #require(try await fixture.chunk(0, of: id).lease?.owner),
                    try #require(try await fixture.current(next).lease?.owner)
                )
                let delay = fixture.unit * 2
                try await store.releaseChunk(
                    0, of: id, owner: holder, failure: nil, delay: delay, chargeAttempt: true)
                try await store.release(
                    .prepare, of: next, owner: stageHolder, failure: nil, delay: delay, chargeAttempt: true)
                try await fixture.advance(by: delay - .milliseconds(1))
                #expect(try await claim() == false)
                try await fixture.advance(by: .milliseconds(1))
                #expect(try await store.claimableWork(limit: 9).count == 2)
                #expect(try await claim())
            },
            Rule("a renewed chunk cannot be claimed by others") { fixture in
                let id = try await fixture.transcribingJob(chunks: 1).id
                let owner = OwnerToken()
                _ = try await fixture.store.claimChunk(0, of: id, owner: owner, lease: fixture.lease)
                for _ in 0..<3 {
                    try await fixture.advance(by: fixture.unit * 6)
                    #expect(
                        try await fixture.store.renewChunk(0, of: id, owner: owner, lease: fixture.lease) == .renewed)
                    #expect(
                        try await fixture.store.claimChunk(0, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                }
            },
            Rule("a released chunk is charged or not, keeps its failure, and waits for its delay") { fixture in
                let store = fixture.store
                let id = try await fixture.transcribingJob(chunks: 1).id
                var owner = OwnerToken()
                _ = try await store.claimChunk(0, of: id, owner: owner, lease: fixture.longLease)
                let before = fixture.now
                try await store.releaseChunk(
                    0, of: id, owner: owner, failure: Sample.failure, delay: fixture.unit * 10, chargeAttempt: true)
                var chunk = try await fixture.chunk(0, of: id)
                #expect(chunk.state == .pending && chunk.lease == nil)
                #expect(chunk.attempts == 1 && chunk.claims == 1 && chunk.releases == 1)
                #expect(chunk.lastFailure == Sample.failure)
                let notBefore = try #require(chunk.notBefore)
                #expect(notBefore >= before + fixture.unit * 10 && notBefore <= fixture.now + fixture.unit * 10)
                #expect(try await store.claimChunk(0, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                #expect(try await store.renewChunk(0, of: id, owner: owner, lease: fixture.lease) == .lost)
                #expect(try await store.commitChunk(0, of: id, owner: owner, result: Sample.result(0)) == .fenced)
                try await fixture.outlastLease()

                owner = OwnerToken()
                let again = try #require(try await store.claimChunk(0, of: id, owner: owner, lease: fixture.longLease))
                #expect(again.chunk.attempts == 2 && again.chunk.claims == 2)
                #expect(again.chunk.notBefore == nil)
                try await store.releaseChunk(
                    0, of: id, owner: owner, failure: nil, delay: .zero, chargeAttempt: false)
                chunk = try await fixture.chunk(0, of: id)
                #expect(chunk.attempts == 1 && chunk.claims == 2 && chunk.releases == 2)
                #expect(chunk.lastFailure == Sample.failure)
                #expect(chunk.notBefore == nil)
                let third = try await store.claimChunk(0, of: id, owner: OwnerToken(), lease: fixture.lease)
                #expect(third?.chunk.attempts == 2 && third?.chunk.claims == 3)
                #expect(try await fixture.current(id).progress.chunkAttempts == 3)
            },
            Rule("chunks are read in order, in pages, done or not") { fixture in
                let id = try await fixture.transcribingJob(chunks: 12).id
                try await fixture.commit(10, of: id)
                try await fixture.commit(3, of: id)
                var indexes: [Int] = []
                while true {
                    let page = try await fixture.store.chunks(of: id, from: (indexes.last ?? -1) + 1, limit: 5)
                    indexes += page.map(\.index)
                    guard page.count == 5 else { break }
                }
                #expect(indexes == Array(0..<12))
                #expect(try await fixture.store.chunks(of: id, from: 3, limit: 1).first?.state == .done)
                #expect(try await fixture.store.chunks(of: id, from: 12, limit: 5) == [])
                #expect(try await fixture.store.chunks(of: id, from: 0, limit: 0) == [])
            },
            Rule("a result of a megabyte is kept exactly") { fixture in
                let id = try await fixture.transcribingJob(chunks: 1).id
                var result = Sample.result(0)
                result.segments = (0..<2000).map { index in
                    TranscriptSegment(
                        startMilliseconds: index, endMilliseconds: index + 1,
                        text: String(repeating: "wörd ", count: 80),
                        avgLogProbability: -Double(index) / 7)
                }
                try await fixture.commit(0, of: id, result)
                #expect(try await fixture.chunk(0, of: id).result == result)
            },
        ]
    }
}
