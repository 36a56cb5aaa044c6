import STTCore
import Testing

extension JobStoreContract {
    static var insertionRules: [Rule] {
        [
            Rule("a job is inserted as queued and read back as it was given") { fixture in
                let job = fixture.makeJob(key: "k", language: "de")
                let insertion = try await fixture.store.insert(job)
                #expect(insertion == .inserted(job))
                #expect(try await fixture.store.job(job.id, tenant: job.tenant) == job)
                #expect(try await fixture.store.job(job.id, tenant: nil) == job)
                #expect(job.state == .queued)
            },
            Rule("a second insertion under an idempotency key changes nothing and returns the first job") { fixture in
                let first = fixture.makeJob(key: "k")
                _ = try await fixture.store.insert(first)
                let second = fixture.makeJob(key: "k", language: "fr")
                #expect(try await fixture.store.insert(second) == .existing(first))
                #expect(try await fixture.store.job(second.id, tenant: nil) == nil)
                #expect(try await fixture.store.job(idempotencyKey: "k", tenant: .default) == first)
            },
            Rule("an idempotency key finds its job also after the job has ended") { fixture in
                let first = fixture.makeJob(key: "k")
                _ = try await fixture.store.insert(first)
                _ = try await fixture.store.cancel(first.id, tenant: nil, expiresAt: fixture.retention)
                let ended = try await fixture.current(first.id)
                #expect(try await fixture.store.insert(fixture.makeJob(key: "k")) == .existing(ended))
            },
            Rule("a deleted job no longer holds its idempotency key") { fixture in
                let first = fixture.makeJob(key: "k")
                _ = try await fixture.store.insert(first)
                _ = try await fixture.store.cancel(first.id, tenant: nil, expiresAt: fixture.retention)
                _ = try await fixture.store.markDeleted(first.id, tenant: nil)
                #expect(try await fixture.store.job(idempotencyKey: "k", tenant: .default) == nil)
                let second = fixture.makeJob(key: "k")
                #expect(try await fixture.store.insert(second) == .inserted(second))
            },
            Rule("tenants have idempotency keys of their own, and jobs without a key never collide") { fixture in
                for job in [
                    fixture.makeJob(tenant: Tenant("a"), key: "k"), fixture.makeJob(tenant: Tenant("b"), key: "k"),
                    fixture.makeJob(tenant: Tenant("a")), fixture.makeJob(tenant: Tenant("a")),
                ] {
                    let insertion = try await fixture.store.insert(job)
                    #expect(insertion == .inserted(job))
                }
                #expect(try await fixture.store.job(idempotencyKey: "k", tenant: Tenant("c")) == nil)
            },
            Rule("an insertion that is repeated with the same id returns the job that is there") { fixture in
                let job = fixture.makeJob()
                _ = try await fixture.store.insert(job)
                #expect(try await fixture.store.insert(job) == .existing(job))
            },
            Rule("an id that another tenant's job or a deleted job has is refused") { fixture in
                let job = try await fixture.endedJob(.cancelled, tenant: Tenant("a"))
                var other = job
                other.tenant = Tenant("b")
                let foreign = other
                await expect(.invalidArgument) { try await fixture.store.insert(foreign) }
                _ = try await fixture.store.markDeleted(job.id, tenant: nil)
                await expect(.invalidArgument) { try await fixture.store.insert(job) }
            },
            Rule("of 100 insertions at once under one idempotency key exactly one is carried out") { fixture in
                let jobs = (0..<100).map { _ in fixture.makeJob(key: "same") }
                let insertions = try await concurrently(jobs) { try await fixture.store.insert($0) }
                let inserted = insertions.filter { if case .inserted = $0 { true } else { false } }
                #expect(inserted.count == 1)
                #expect(Set(insertions.map(\.job.id)).count == 1)
                #expect(try await fixture.store.jobs(JobQuery(limit: 1000)).count == 1)
            },
            Rule("a call is carried out also where its task was cancelled") { fixture in
                let job = fixture.makeJob()
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await fixture.store.insert(job)
                }
                let insertion = try await task.value
                #expect(insertion == .inserted(job))
                let reading = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await fixture.store.job(job.id, tenant: nil)
                }
                #expect(try await reading.value == job)
            },
        ]
    }
}
