import STTCore
import Testing

extension JobStoreContract {
    static var endingRules: [Rule] {
        [
            Rule("a cancelled job has its end, and its chunks that are not done are cancelled") { fixture in
                let store = fixture.store
                let job = try await fixture.transcribingJob(chunks: 4)
                try await fixture.commit(2, of: job.id)
                let runner = OwnerToken()
                _ = try await store.claimChunk(0, of: job.id, owner: runner, lease: fixture.longLease)
                let expiry = fixture.retention
                let cancellation = try await store.cancel(job.id, tenant: job.tenant, expiresAt: expiry)
                let cancelled = try await fixture.current(job.id)
                #expect(cancellation == .cancelled(cancelled))
                #expect(cancelled.state == .cancelled)
                #expect(cancelled.finishedAt != nil && cancelled.expiresAt == expiry)
                #expect(cancelled.lease == nil)
                let chunks = try await store.chunks(of: job.id, from: 0, limit: 9)
                #expect(chunks.map(\.state) == [.cancelled, .cancelled, .done, .cancelled])
                #expect(chunks.allSatisfy { $0.lease == nil })
                #expect(try await store.renewChunk(0, of: job.id, owner: runner, lease: fixture.lease) == .ended)
                #expect(try await store.commitChunk(0, of: job.id, owner: runner, result: Sample.result(0)) == .ended)
                #expect(try await fixture.current(job.id) == cancelled)
            },
            Rule("a job can be cancelled in each state that is not terminal") { fixture in
                let jobs = [
                    try await fixture.insertedJob(), try await fixture.preparingJob(chunks: 1).job,
                    try await fixture.transcribingJob(chunks: 1), try await fixture.mergingJob(chunks: 1).job,
                ]
                #expect(jobs.map(\.state) == [.queued, .preparing, .transcribing, .merging])
                for job in jobs {
                    let cancellation = try await fixture.store.cancel(job.id, tenant: nil, expiresAt: fixture.retention)
                    let current = try await fixture.current(job.id)
                    #expect(cancellation == .cancelled(current))
                }
            },
        ]
            + JobState.allCases.filter(\.isTerminal).map { state in
                Rule("nothing changes a job that is \(state.rawValue), nor its chunks") { fixture in
                    let store = fixture.store
                    let job = try await fixture.endedJob(state)
                    let chunks = try await store.chunks(of: job.id, from: 0, limit: 9)
                    let (id, owner) = (job.id, OwnerToken())
                    #expect(
                        try await store.cancel(id, tenant: nil, expiresAt: fixture.now + .seconds(1))
                            == .alreadyEnded(job))
                    for stage in JobStage.allCases {
                        #expect(try await store.claim(stage, of: id, owner: owner, lease: fixture.lease) == nil)
                        #expect(try await store.renew(stage, of: id, owner: owner, lease: fixture.lease) == .ended)
                        try await store.release(
                            stage, of: id, owner: owner, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                        #expect(
                            try await store.fail(
                                id, stage: stage, owner: owner, failure: Sample.failure, expiresAt: fixture.now) == nil)
                    }
                    #expect(
                        try await store.addChunks(Sample.spans(3), to: id, owner: owner, format: Sample.format) == false
                    )
                    #expect(
                        try await store.finishPreparing(id, owner: owner, chunkCount: 2, format: Sample.format) == nil)
                    #expect(
                        try await store.complete(
                            id, owner: owner, result: Sample.stored(id), language: "xx", expiresAt: fixture.now) == nil)
                    for index in 0..<3 {
                        #expect(try await store.claimChunk(index, of: id, owner: owner, lease: fixture.lease) == nil)
                        #expect(try await store.renewChunk(index, of: id, owner: owner, lease: fixture.lease) == .ended)
                        #expect(
                            try await store.commitChunk(index, of: id, owner: owner, result: Sample.gap(index))
                                == .ended)
                        try await store.releaseChunk(
                            index, of: id, owner: owner, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                    }
                    try await store.releaseAllLeases()
                    #expect(try await store.markExpired(limit: 10) == 0)
                    #expect(try await store.insert(job) == .existing(job))
                    try await store.purge(id)
                    #expect(try await fixture.current(id) == job)
                    #expect(try await store.chunks(of: id, from: 0, limit: 9) == chunks)
                }
            }
    }
}
