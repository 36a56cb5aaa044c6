import STTCore
import Testing

extension JobStoreContract {
    static var queryRules: [Rule] {
        [
            Rule("an unknown job is not found by any method") { fixture in
                let (store, id, owner) = (fixture.store, fixture.makeJob().id, OwnerToken())
                #expect(try await store.job(id, tenant: nil) == nil)
                #expect(try await store.job(idempotencyKey: "none", tenant: .default) == nil)
                #expect(try await store.cancel(id, tenant: nil, expiresAt: fixture.now) == .notFound)
                #expect(try await store.markDeleted(id, tenant: nil) == .notFound)
                for stage in JobStage.allCases {
                    #expect(try await store.claim(stage, of: id, owner: owner, lease: fixture.lease) == nil)
                    #expect(try await store.renew(stage, of: id, owner: owner, lease: fixture.lease) == .ended)
                    try await store.release(
                        stage, of: id, owner: owner, failure: nil, delay: .zero, chargeAttempt: true)
                }
                #expect(try await store.claimChunk(0, of: id, owner: owner, lease: fixture.lease) == nil)
                #expect(try await store.renewChunk(0, of: id, owner: owner, lease: fixture.lease) == .ended)
                #expect(try await store.commitChunk(0, of: id, owner: owner, result: Sample.result(0)) == .ended)
                #expect(try await store.chunks(of: id, from: 0, limit: 10) == [])
                try await store.purge(id)
            },
            Rule("a job of another tenant does not exist") { fixture in
                let job = try await fixture.endedJob(.completed, tenant: Tenant("a"))
                let other = Tenant("b")
                #expect(try await fixture.store.job(job.id, tenant: other) == nil)
                #expect(try await fixture.store.cancel(job.id, tenant: other, expiresAt: fixture.now) == .notFound)
                #expect(try await fixture.store.markDeleted(job.id, tenant: other) == .notFound)
                #expect(try await fixture.store.jobs(JobQuery(tenant: other)) == [])
                #expect(try await fixture.store.counts(tenant: other) == JobCounts())
                #expect(try await fixture.current(job.id) == job)

                let running = try await fixture.insertedJob(tenant: Tenant("a"))
                #expect(try await fixture.store.cancel(running.id, tenant: other, expiresAt: fixture.now) == .notFound)
                #expect(try await fixture.current(running.id).state == .queued)
            },
            Rule("jobs are listed newest first, in pages, by tenant and by state") { fixture in
                var jobs: [Job] = []
                for index in 0..<25 {
                    let tenant = Tenant(index.isMultiple(of: 3) ? "a" : "b")
                    let id = try await fixture.insertedJob(tenant: tenant, age: .seconds(100 - index)).id
                    if index.isMultiple(of: 5) {
                        _ = try await fixture.store.cancel(id, tenant: nil, expiresAt: fixture.retention)
                    }
                    if index % 5 == 1 {
                        _ = try await fixture.store.claim(
                            .prepare, of: id, owner: OwnerToken(), lease: fixture.longLease)
                    }
                    jobs.append(try await fixture.current(id))
                }
                jobs.reverse()
                for tenant in [nil, Tenant("a"), Tenant("b"), Tenant("none")] {
                    for states: Set<JobState> in [
                        [], [.queued], [.cancelled, .preparing], [.failed], Set(JobState.allCases),
                    ] {
                        let expected = jobs.filter { job in
                            (tenant == nil || job.tenant == tenant) && (states.isEmpty || states.contains(job.state))
                        }
                        var listed: [Job] = []
                        while true {
                            let query = JobQuery(tenant: tenant, states: states, before: listed.last?.id, limit: 4)
                            let page = try await fixture.store.jobs(query)
                            #expect(page.count <= 4)
                            listed += page
                            guard page.count == 4 else { break }
                        }
                        #expect(listed == expected)
                    }
                }
                #expect(try await fixture.store.jobs(JobQuery(limit: 0)) == [])
            },
            Rule("counts add up over all tenants and for one") { fixture in
                let (a, b) = (Tenant("a"), Tenant("b"))
                let oldest = try await fixture.insertedJob(tenant: a, age: .seconds(50))
                let older = try await fixture.insertedJob(tenant: b, age: .seconds(20))
                _ = try await fixture.insertedJob(tenant: b, age: .seconds(10))
                let job = try await fixture.transcribingJob(chunks: 4, tenant: b, age: .seconds(90))
                try await fixture.commit(0, of: job.id)
                _ = try await fixture.store.claimChunk(2, of: job.id, owner: OwnerToken(), lease: fixture.longLease)
                _ = try await fixture.endedJob(.cancelled, tenant: a)
                let deleted = try await fixture.endedJob(.failed, tenant: a)
                _ = try await fixture.store.markDeleted(deleted.id, tenant: a)

                var expected = JobCounts(jobs: [.queued: 1, .cancelled: 1], oldestQueuedAt: oldest.createdAt)
                #expect(try await fixture.store.counts(tenant: a) == expected)
                // Chunks 1 and 3 are pending; the second one's lead-in is counted with the chunk before it.
                expected = JobCounts(
                    jobs: [.queued: 2, .transcribing: 1], chunksPending: 2, chunksRunning: 1,
                    pendingSamples: 2 * 160_000 - 16_000, oldestQueuedAt: older.createdAt)
                #expect(try await fixture.store.counts(tenant: b) == expected)
                expected.jobs = [.queued: 3, .transcribing: 1, .cancelled: 1]
                expected.oldestQueuedAt = oldest.createdAt
                #expect(try await fixture.store.counts(tenant: nil) == expected)
            },
        ]
    }
}
