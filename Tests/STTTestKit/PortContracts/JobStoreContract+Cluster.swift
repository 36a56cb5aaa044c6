import STTCore
import Testing

extension JobStoreContract {
    static var clusterRules: [Rule] {
        [
            Rule("jobs that have not ended are counted, up to the limit") { fixture in
                let store = fixture.store
                #expect(try await store.unfinishedJobs(limit: 9) == 0)
                _ = try await fixture.insertedJob(tenant: Tenant("a"))
                _ = try await fixture.preparingJob(chunks: 1, tenant: Tenant("b"))
                _ = try await fixture.transcribingJob(chunks: 1)
                _ = try await fixture.mergingJob(chunks: 1)
                for state in JobState.allCases where state.isTerminal { _ = try await fixture.endedJob(state) }
                let deleted = try await fixture.endedJob(.failed)
                _ = try await store.markDeleted(deleted.id, tenant: nil)
                #expect(try await store.unfinishedJobs(limit: 9) == 4)
                #expect(try await store.unfinishedJobs(limit: 4) == 4)
                #expect(try await store.unfinishedJobs(limit: 3) == 3)
                #expect(try await store.unfinishedJobs(limit: 0) == 0)
            },
            Rule("a tenant's unfinished audio is counted in samples where its length is known, and else in bytes") {
                fixture in
                let (store, tenant) = (fixture.store, Tenant("a"))
                #expect(try await store.unfinishedAudio(tenant: tenant) == UnfinishedAudio())
                let queued = try await fixture.insertedJob(tenant: tenant)
                let unmeasured = try await fixture.transcribingJob(chunks: 1, tenant: tenant)
                let (opened, owner) = try await fixture.preparingJob(chunks: 1, tenant: tenant)
                let transcribing = try #require(
                    try await store.finishPreparing(
                        opened.id, owner: owner, chunkCount: 1, format: Sample.wholeFormat))
                _ = try await fixture.transcribingJob(chunks: 1, tenant: Tenant("b"))
                for state in JobState.allCases where state.isTerminal {
                    _ = try await fixture.endedJob(state, tenant: tenant)
                }
                var expected = UnfinishedAudio()
                for job in [queued, unmeasured, transcribing] {
                    let job = try await fixture.current(job.id)
                    if let samples = job.format?.sampleCount {
                        expected.samples += samples
                    } else {
                        expected.undecodedBytes += job.audio.byteCount
                    }
                }
                #expect(expected.samples > 0)
                #expect(expected.undecodedBytes > 0)
                #expect(try await store.unfinishedAudio(tenant: tenant) == expected)
                _ = try await store.cancel(transcribing.id, tenant: tenant, expiresAt: fixture.retention)
                let rest = try await store.unfinishedAudio(tenant: tenant)
                #expect(rest.samples < expected.samples)
                #expect(try await store.unfinishedAudio(tenant: Tenant("c")) == UnfinishedAudio())
            },
            Rule("a job has a record until it is purged, also while it is marked as deleted") { fixture in
                let store = fixture.store
                let (running, ended, deleted, purged) = (
                    try await fixture.insertedJob().id, try await fixture.endedJob(.cancelled).id,
                    try await fixture.endedJob(.failed).id, try await fixture.endedJob(.failed).id
                )
                for id in [deleted, purged] { _ = try await store.markDeleted(id, tenant: nil) }
                try await store.purge(purged)
                let unknown = fixture.makeJob().id
                let asked = [running, ended, deleted, purged, unknown]
                #expect(try await store.recorded(asked) == [running, ended, deleted])
                #expect(try await store.recorded([unknown]) == [])
                #expect(try await store.recorded([]) == [])
            },
            Rule("a duty is led by one owner until its lease runs out") { fixture in
                let store = fixture.store
                let (first, second) = (OwnerToken(), OwnerToken())
                #expect(try await store.lead("sweep", owner: first, lease: fixture.lease))
                #expect(try await store.lead("sweep", owner: second, lease: fixture.lease) == false)
                try await fixture.advance(by: fixture.unit * 6)
                // Renewed, it runs on from now.
                #expect(try await store.lead("sweep", owner: first, lease: fixture.lease))
                try await fixture.advance(by: fixture.unit * 6)
                #expect(try await store.lead("sweep", owner: second, lease: fixture.lease) == false)
                try await fixture.outlastLease()
                #expect(try await store.lead("sweep", owner: second, lease: fixture.longLease))
                #expect(try await store.lead("sweep", owner: first, lease: fixture.lease) == false)
            },
            Rule("duties are led apart from each other") { fixture in
                let (first, second) = (OwnerToken(), OwnerToken())
                let leadsFirst = try await fixture.store.lead("a", owner: first, lease: fixture.longLease)
                #expect(leadsFirst)
                #expect(try await fixture.store.lead("b", owner: second, lease: fixture.longLease))
                #expect(try await fixture.store.lead("b", owner: first, lease: fixture.longLease) == false)
            },
            Rule("a duty that was given back is free, and only its owner can give it back") { fixture in
                let store = fixture.store
                let (first, second) = (OwnerToken(), OwnerToken())
                try await store.resign("sweep", owner: first)
                #expect(try await store.lead("sweep", owner: first, lease: fixture.longLease))
                try await store.resign("sweep", owner: second)
                #expect(try await store.lead("sweep", owner: second, lease: fixture.longLease) == false)
                try await store.resign("sweep", owner: first)
                #expect(try await store.lead("sweep", owner: second, lease: fixture.longLease))
            },
            Rule("of 20 owners that ask for a duty at once exactly one has it") { fixture in
                for round in 0..<3 {
                    let owners = (0..<20).map { _ in OwnerToken() }
                    let leads = try await concurrently(owners) {
                        try await fixture.store.lead("duty \(round)", owner: $0, lease: fixture.longLease)
                    }
                    #expect(leads.count { $0 } == 1)
                }
            },
        ]
    }
}
