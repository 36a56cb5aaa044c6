import STTCore
import Testing

extension JobStoreContract {
    static var upkeepRules: [Rule] {
        [
            Rule("a job that has not ended cannot be deleted") { fixture in
                let job = try await fixture.transcribingJob(chunks: 1)
                #expect(try await fixture.store.markDeleted(job.id, tenant: nil) == .notEnded(job))
                try await fixture.store.purge(job.id)
                #expect(try await fixture.current(job.id) == job)
            },
            Rule("a deleted job is hidden from everything but its collection") { fixture in
                let store = fixture.store
                let job = try await fixture.endedJob(.completed, tenant: Tenant("a"))
                let deletion = try await store.markDeleted(job.id, tenant: job.tenant)
                guard case .deleted(let deleted) = deletion else {
                    Issue.record("\(deletion)")
                    return
                }
                #expect(deleted.id == job.id)
                #expect(try await store.job(job.id, tenant: nil) == nil)
                #expect(try await store.jobs(JobQuery()) == [])
                #expect(try await store.jobs(JobQuery(tenant: job.tenant, states: [.completed])) == [])
                #expect(try await store.counts(tenant: nil) == JobCounts())
                #expect(try await store.chunks(of: job.id, from: 0, limit: 9) == [])
                #expect(try await store.cancel(job.id, tenant: nil, expiresAt: fixture.now) == .notFound)
                #expect(try await store.markDeleted(job.id, tenant: nil) == .notFound)
                #expect(try await store.collectable(limit: 9).map(\.id) == [job.id])
                let items = try await store.claimableWork(limit: 9)
                #expect(items == [WorkItem(.collect, job: job.id, tenant: job.tenant)])
                #expect(items.first?.tenant == job.tenant)
            },
            Rule("purging removes the records of a deleted job, and may be repeated") { fixture in
                let store = fixture.store
                let (job, other) = (try await fixture.endedJob(.failed), try await fixture.endedJob(.failed))
                _ = try await store.markDeleted(job.id, tenant: nil)
                try await store.purge(job.id)
                try await store.purge(job.id)
                #expect(try await store.collectable(limit: 9) == [])
                #expect(try await store.claimableWork(limit: 9) == [])
                #expect(try await fixture.current(other.id) == other)
                #expect(try await store.chunks(of: other.id, from: 0, limit: 9).count == 2)
                // Nothing is left, so the id is free again, without the old chunks.
                let fresh = fixture.makeJob(tenant: job.tenant)
                var again = fresh
                again.id = job.id
                #expect(try await store.insert(again) == .inserted(again))
                #expect(try await store.chunks(of: job.id, from: 0, limit: 9) == [])
            },
            Rule("jobs expire when their time has come, at most as many as asked for") { fixture in
                let store = fixture.store
                var soon: Set<JobID> = []
                for _ in 0..<5 {
                    let id = try await fixture.insertedJob().id
                    soon.insert(id)
                    _ = try await store.cancel(id, tenant: nil, expiresAt: fixture.now + fixture.unit * 10)
                }
                let later = try await fixture.endedJob(.completed)
                let running = try await fixture.transcribingJob(chunks: 1)
                #expect(try await store.markExpired(limit: 9) == 0)
                try await fixture.outlastLease()
                #expect(try await store.markExpired(limit: 2) == 2)
                #expect(try await store.collectable(limit: 9).count == 2)
                #expect(try await store.markExpired(limit: 9) == 3)
                #expect(try await store.markExpired(limit: 9) == 0)
                #expect(Set(try await store.collectable(limit: 9).map(\.id)) == soon)
                #expect(try await store.collectable(limit: 3).count == 3)
                #expect(try await fixture.current(later.id) == later)
                #expect(try await fixture.current(running.id) == running)
            },
            Rule("releasing all leases gives stages and chunks back without a charge") { fixture in
                let store = fixture.store
                let (preparing, preparer) = try await fixture.preparingJob(chunks: 2)
                let (merging, merger) = try await fixture.mergingJob(chunks: 1)
                let delayed = OwnerToken()
                _ = try await store.claimChunk(0, of: preparing.id, owner: delayed, lease: fixture.longLease)
                try await store.releaseChunk(
                    0, of: preparing.id, owner: delayed, failure: Sample.failure, delay: .seconds(600),
                    chargeAttempt: true)
                let runner = OwnerToken()
                _ = try await store.claimChunk(1, of: preparing.id, owner: runner, lease: fixture.longLease)
                let waiting = try await fixture.chunk(0, of: preparing.id)

                try await store.releaseAllLeases()

                #expect(try await fixture.chunk(0, of: preparing.id) == waiting)
                let chunk = try await fixture.chunk(1, of: preparing.id)
                #expect(chunk.state == .pending && chunk.attempts == 0 && chunk.claims == 1 && chunk.lease == nil)
                #expect(
                    try await store.commitChunk(1, of: preparing.id, owner: runner, result: Sample.gap(1)) == .fenced)
                #expect(
                    try await store.renew(.prepare, of: preparing.id, owner: preparer, lease: fixture.lease) == .lost)
                #expect(try await store.renew(.merge, of: merging.id, owner: merger, lease: fixture.lease) == .lost)
                #expect(
                    try await store.claim(.prepare, of: preparing.id, owner: OwnerToken(), lease: fixture.lease) != nil)
                #expect(try await store.claim(.merge, of: merging.id, owner: OwnerToken(), lease: fixture.lease) != nil)
                let again = try await store.claimChunk(1, of: preparing.id, owner: OwnerToken(), lease: fixture.lease)
                #expect(again?.chunk.attempts == 1 && again?.chunk.claims == 2)
            },
        ]
    }
}
