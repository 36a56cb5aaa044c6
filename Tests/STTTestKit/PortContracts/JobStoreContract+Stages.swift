import STTCore
import Testing

extension JobStoreContract {
    static var stageRules: [Rule] {
        [
            Rule("a claim starts the stage under a lease") { fixture in
                let inserted = try await fixture.insertedJob()
                let owner = OwnerToken()
                let before = fixture.now
                let job = try #require(
                    try await fixture.store.claim(.prepare, of: inserted.id, owner: owner, lease: fixture.longLease))
                #expect(job.state == .preparing)
                #expect(job.lease?.owner == owner)
                let until = try #require(job.lease?.until)
                #expect(until >= before + fixture.longLease && until <= fixture.now + fixture.longLease)
                let startedAt = try #require(job.startedAt)
                #expect(startedAt >= before && startedAt <= fixture.now)
                #expect(job.version == inserted.version + 1)
                #expect(try await fixture.current(job.id) == job)
            },
            Rule("a stage whose lease runs cannot be claimed, and one whose lease ran out can") { fixture in
                let id = try await fixture.insertedJob().id
                let first = try #require(
                    try await fixture.store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease))
                let owner = OwnerToken()
                #expect(try await fixture.store.claim(.prepare, of: id, owner: owner, lease: fixture.lease) == nil)
                try await fixture.outlastLease()
                let second = try #require(
                    try await fixture.store.claim(.prepare, of: id, owner: owner, lease: fixture.lease))
                #expect(second.lease?.owner == owner)
                #expect(second.startedAt == first.startedAt)
            },
            Rule("of 50 claims of a stage at once exactly one wins") { fixture in
                let id = try await fixture.insertedJob().id
                let owners = (0..<50).map { _ in OwnerToken() }
                let claims = try await concurrently(owners) {
                    try await fixture.store.claim(.prepare, of: id, owner: $0, lease: fixture.longLease)
                }
                #expect(claims.compactMap { $0 }.count == 1)
                let winner = try #require(claims.compactMap { $0 }.first?.lease?.owner)
                #expect(try await fixture.current(id).lease?.owner == winner)
            },
            Rule("a renewed lease runs on from the renewal") { fixture in
                let id = try await fixture.insertedJob().id
                let owner = OwnerToken()
                _ = try await fixture.store.claim(.prepare, of: id, owner: owner, lease: fixture.lease)
                try await fixture.advance(by: fixture.unit * 6)
                #expect(try await fixture.store.renew(.prepare, of: id, owner: owner, lease: fixture.lease) == .renewed)
                try await fixture.advance(by: fixture.unit * 6)
                #expect(
                    try await fixture.store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
            },
            Rule("a lease that ran out is renewed while nobody took it, and lost once somebody did") { fixture in
                let id = try await fixture.insertedJob().id
                let owner = OwnerToken()
                _ = try await fixture.store.claim(.prepare, of: id, owner: owner, lease: fixture.lease)
                try await fixture.outlastLease()
                #expect(try await fixture.store.renew(.prepare, of: id, owner: owner, lease: fixture.lease) == .renewed)
                try await fixture.outlastLease()
                _ = try #require(
                    try await fixture.store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.longLease))
                #expect(try await fixture.store.renew(.prepare, of: id, owner: owner, lease: fixture.lease) == .lost)
            },
            Rule("a renewal tells that the job was cancelled or failed, or that the stage is done") { fixture in
                let store = fixture.store
                let (cancelled, owner) = try await fixture.preparingJob(chunks: 1)
                _ = try await store.cancel(cancelled.id, tenant: nil, expiresAt: fixture.retention)
                #expect(try await store.renew(.prepare, of: cancelled.id, owner: owner, lease: fixture.lease) == .ended)

                let (prepared, preparer) = try await fixture.preparingJob(chunks: 0)
                _ = try await store.finishPreparing(prepared.id, owner: preparer, chunkCount: 0, format: Sample.format)
                #expect(
                    try await store.renew(.prepare, of: prepared.id, owner: preparer, lease: fixture.lease) == .ended)

                let (merging, merger) = try await fixture.mergingJob(chunks: 1)
                #expect(try await store.renew(.merge, of: merging.id, owner: merger, lease: fixture.lease) == .renewed)
                #expect(try await store.renew(.prepare, of: merging.id, owner: merger, lease: fixture.lease) == .ended)
                _ = try await store.complete(
                    merging.id, owner: merger, result: Sample.stored(merging.id), language: nil,
                    expiresAt: fixture.retention)
                #expect(try await store.renew(.merge, of: merging.id, owner: merger, lease: fixture.lease) == .ended)
            },
            Rule("a released stage counts its failure, shows it, and waits for its delay") { fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob().id
                let owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                try await store.release(
                    .prepare, of: id, owner: owner, failure: Sample.failure, delay: fixture.unit * 10,
                    chargeAttempt: true)
                let released = try await fixture.current(id)
                #expect(released.lease == nil)
                #expect(released.failure == Sample.failure)
                #expect(released.stageAttempts == 1)
                #expect(!released.state.isTerminal)
                #expect(try await store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                #expect(try await store.renew(.prepare, of: id, owner: owner, lease: fixture.lease) == .lost)
                try await fixture.outlastLease()
                let again = OwnerToken()
                _ = try #require(try await store.claim(.prepare, of: id, owner: again, lease: fixture.longLease))
                // Nothing failed this time: nothing is counted, and what failed before still shows.
                try await store.release(
                    .prepare, of: id, owner: again, failure: nil, delay: .zero, chargeAttempt: false)
                let givenBack = try await fixture.current(id)
                #expect(givenBack.failure == Sample.failure)
                #expect(givenBack.stageAttempts == 1)
                #expect(try await store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease) != nil)
            },
            Rule("a release by an owner that lost the stage does nothing") { fixture in
                let id = try await fixture.insertedJob().id
                let (first, second) = (OwnerToken(), OwnerToken())
                _ = try await fixture.store.claim(.prepare, of: id, owner: first, lease: fixture.lease)
                try await fixture.outlastLease()
                _ = try await fixture.store.claim(.prepare, of: id, owner: second, lease: fixture.longLease)
                let before = try await fixture.current(id)
                try await fixture.store.release(
                    .prepare, of: id, owner: first, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                #expect(try await fixture.current(id) == before)
            },
            Rule("claims that were lost are counted until the stage adds a chunk, those given back are not") {
                fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob().id
                for lost in 1...3 {
                    let job = try await store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease)
                    #expect(job?.stageClaims == lost)
                    try await fixture.outlastLease()
                }
                let owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                try await store.release(
                    .prepare, of: id, owner: owner, failure: nil, delay: .zero, chargeAttempt: false)
                #expect(try await fixture.current(id).stageClaims == 3)
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                let span = ChunkSpan(index: 0, startSample: 0, endSample: 16_000)
                _ = try await store.addChunks([span], to: id, owner: owner, format: Sample.format)
                #expect(try await fixture.current(id).stageClaims == 1)
                _ = try await store.finishPreparing(id, owner: owner, chunkCount: 1, format: Sample.format)
                #expect(try await fixture.current(id).stageClaims == 0)
            },
            Rule("the next stage counts its failed attempts from nought and clears the last failure") { fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob().id
                var owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                try await store.release(
                    .prepare, of: id, owner: owner, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                let job = try #require(
                    try await store.finishPreparing(id, owner: owner, chunkCount: 0, format: Sample.format))
                #expect(job.failure == nil)
                #expect(job.stageAttempts == 0)
                #expect(job.lease == nil)
            },
            Rule("merging starts only when every chunk is done") { fixture in
                let store = fixture.store
                let (preparing, preparer) = try await fixture.preparingJob(chunks: 2)
                let id = preparing.id
                try await fixture.commit(0, of: id)
                try await fixture.commit(1, of: id)
                #expect(try await store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                _ = try await store.addChunks(Sample.spans(1, from: 2), to: id, owner: preparer, format: Sample.format)
                _ = try #require(
                    try await store.finishPreparing(id, owner: preparer, chunkCount: 3, format: Sample.format))
                #expect(try await store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                let runner = OwnerToken()
                _ = try await store.claimChunk(2, of: id, owner: runner, lease: fixture.longLease)
                #expect(try await store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                _ = try await store.commitChunk(2, of: id, owner: runner, result: Sample.gap(2))
                let merging = try #require(
                    try await store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.longLease))
                #expect(merging.state == .merging)
                #expect(try await store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
                #expect(try await store.claim(.prepare, of: id, owner: OwnerToken(), lease: fixture.lease) == nil)
            },
        ]
    }
}
