import STTCore
import Testing

extension JobStoreContract {
    static var raceRules: [Rule] {
        [
            Rule("a cancellation that races the last commit leaves a job that is whole, 200 times") { fixture in
                let store = fixture.store
                for round in 0..<200 {
                    let id = try await fixture.transcribingJob(chunks: 1).id
                    let owner = OwnerToken()
                    _ = try #require(try await store.claimChunk(0, of: id, owner: owner, lease: fixture.longLease))
                    let expiry = fixture.retention
                    async let committing = store.commitChunk(0, of: id, owner: owner, result: Sample.result(0))
                    async let cancelling = store.cancel(id, tenant: nil, expiresAt: expiry)
                    let (commit, cancellation) = try await (committing, cancelling)
                    let (job, chunk) = (try await fixture.current(id), try await fixture.chunk(0, of: id))
                    guard case .cancelled = cancellation, job.state == .cancelled else {
                        Issue.record("round \(round): \(cancellation), and the job is \(job.state)")
                        return
                    }
                    switch commit {
                    case .committed:
                        #expect(chunk.state == .done && chunk.result == Sample.result(0))
                        #expect(job.progress.chunksDone == 1)
                    case .ended:
                        #expect(chunk.state == .cancelled && chunk.result == nil)
                        #expect(job.progress.chunksDone == 0)
                    case .fenced:
                        Issue.record("round \(round): fenced, though nobody else had the chunk")
                    }
                }
            },
            Rule("a cancellation that races the completion leaves one of the two, 50 times") { fixture in
                let store = fixture.store
                for _ in 0..<50 {
                    let (job, owner) = try await fixture.mergingJob(chunks: 1)
                    let expiry = fixture.retention
                    async let completing = store.complete(
                        job.id, owner: owner, result: Sample.stored(job.id), language: nil, expiresAt: expiry)
                    async let cancelling = store.cancel(job.id, tenant: nil, expiresAt: expiry)
                    let (completed, cancellation) = try await (completing, cancelling)
                    let state = try await fixture.current(job.id).state
                    if let completed {
                        #expect(state == .completed && cancellation == .alreadyEnded(completed))
                    } else {
                        #expect(state == .cancelled)
                    }
                }
            },
            Rule("commits of many chunks at once are all counted") { fixture in
                let id = try await fixture.transcribingJob(chunks: 40).id
                _ = try await concurrently(Array(0..<40)) { index in
                    let owner = OwnerToken()
                    _ = try await fixture.store.claimChunk(index, of: id, owner: owner, lease: fixture.longLease)
                    return try await fixture.store.commitChunk(
                        index, of: id, owner: owner,
                        result: index.isMultiple(of: 4) ? Sample.gap(index) : Sample.result(index))
                }
                #expect(
                    try await fixture.current(id).progress
                        == JobProgress(
                            chunksDone: 40, chunksWithGaps: 10, samplesDone: 40 * 160_000 - 16_000, chunkAttempts: 40))
                #expect(try await fixture.store.claim(.merge, of: id, owner: OwnerToken(), lease: fixture.lease) != nil)
            },
            Rule("workers that claim, lose, release and commit at random do each chunk exactly once") { fixture in
                let store = fixture.store
                let id = try await fixture.transcribingJob(chunks: 8).id
                let commits = try await concurrently(Array(0..<6)) { worker in
                    var generator = SeededGenerator(seed: UInt64(worker))
                    var commits = 0
                    while try await fixture.current(id).progress.chunksDone < 8 {
                        let index = Int.random(in: 0..<8, using: &generator)
                        let owner = OwnerToken()
                        guard try await store.claimChunk(index, of: id, owner: owner, lease: fixture.longLease) != nil
                        else {
                            continue
                        }
                        if Int.random(in: 0..<3, using: &generator) == 0 {
                            try await store.releaseChunk(
                                index, of: id, owner: owner, failure: Sample.failure, delay: .zero, chargeAttempt: true)
                        } else if case .committed = try await store.commitChunk(
                            index, of: id, owner: owner, result: Sample.result(index))
                        {
                            commits += 1
                        }
                    }
                    return commits
                }
                #expect(commits.reduce(0, +) == 8)
            },
        ]
    }
}
