import STTCore
import Testing

extension JobStoreContract {
    static var workRules: [Rule] {
        [
            Rule("the claimable work follows a job through its life") { fixture in
                let store = fixture.store
                let id = try await fixture.insertedJob(tenant: Tenant("a")).id
                func item(_ kind: WorkItem.Kind) -> WorkItem { WorkItem(kind, job: id, tenant: Tenant("a")) }
                #expect(try await store.claimableWork(limit: 9) == [item(.prepare)])
                let owner = OwnerToken()
                _ = try await store.claim(.prepare, of: id, owner: owner, lease: fixture.longLease)
                #expect(try await store.claimableWork(limit: 9) == [])
                _ = try await store.addChunks(Sample.spans(2), to: id, owner: owner, format: Sample.format)
                let chunks = try await store.claimableWork(limit: 9)
                #expect(chunks == [item(.chunk(0)), item(.chunk(1))])
                #expect(chunks.map(\.audioMilliseconds) == [10_000, 10_000])
                #expect(chunks.allSatisfy { $0.tenant == Tenant("a") })
                let runner = OwnerToken()
                _ = try await store.claimChunk(0, of: id, owner: runner, lease: fixture.longLease)
                #expect(try await store.claimableWork(limit: 9) == [item(.chunk(1))])
                _ = try await store.finishPreparing(id, owner: owner, chunkCount: 2, format: Sample.format)
                try await fixture.commit(1, of: id)
                #expect(try await store.claimableWork(limit: 9) == [])
                _ = try await store.commitChunk(0, of: id, owner: runner, result: Sample.result(0))
                #expect(try await store.claimableWork(limit: 9) == [item(.merge)])
                let merger = OwnerToken()
                _ = try await store.claim(.merge, of: id, owner: merger, lease: fixture.longLease)
                #expect(try await store.claimableWork(limit: 9) == [])
                _ = try await store.complete(
                    id, owner: merger, result: Sample.stored(id), language: nil, expiresAt: fixture.retention)
                #expect(try await store.claimableWork(limit: 9) == [])
                _ = try await store.markDeleted(id, tenant: nil)
                #expect(try await store.claimableWork(limit: 9) == [item(.collect)])
                try await store.purge(id)
                #expect(try await store.claimableWork(limit: 9) == [])
            },
            Rule("what was lost or delayed is claimable again when its time has come") { fixture in
                let store = fixture.store
                let (prepare, chunks) = (
                    try await fixture.insertedJob(age: .seconds(9)),
                    try await fixture.transcribingJob(chunks: 2, age: .seconds(5))
                )
                let merge = try await fixture.transcribedJob(chunks: 1)
                let owner = OwnerToken()
                _ = try await store.claim(.prepare, of: prepare.id, owner: owner, lease: fixture.lease)
                _ = try await store.claimChunk(0, of: chunks.id, owner: owner, lease: fixture.lease)
                _ = try await store.claimChunk(1, of: chunks.id, owner: owner, lease: fixture.lease)
                try await store.releaseChunk(
                    1, of: chunks.id, owner: owner, failure: nil, delay: fixture.lease, chargeAttempt: false)
                _ = try await store.claim(.merge, of: merge.id, owner: owner, lease: fixture.lease)
                #expect(try await store.claimableWork(limit: 9) == [])
                try await fixture.outlastLease()
                let tenant = Tenant.default
                #expect(
                    try await store.claimableWork(limit: 9) == [
                        WorkItem(.prepare, job: prepare.id, tenant: tenant),
                        WorkItem(.chunk(0), job: chunks.id, tenant: tenant),
                        WorkItem(.chunk(1), job: chunks.id, tenant: tenant),
                        WorkItem(.merge, job: merge.id, tenant: tenant),
                    ])
            },
            Rule("the claimable work is cut off after the oldest jobs") { fixture in
                var expected: [WorkItem] = []
                for age in [30, 20, 10] {
                    let id = try await fixture.transcribingJob(chunks: 12, age: .seconds(age)).id
                    expected += (0..<12).map { WorkItem(.chunk($0), job: id, tenant: .default) }
                }
                for limit in [0, 1, 12, 13, 36, 100] {
                    #expect(try await fixture.store.claimableWork(limit: limit) == Array(expected.prefix(limit)))
                }
            },
            Rule("random operations leave the store in the state that the reference is in") { fixture in
                guard fixture.standsStill else { return }
                var walk = RandomWalk(fixture: fixture, seed: UInt64.random(in: 0 ... .max))
                try await walk.run(steps: 600)
            },
        ]
    }
}
