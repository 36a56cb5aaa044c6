import STTCore
import Testing

extension JobStoreContract {
    static var receivingRules: [Rule] {
        [
            Rule("a job whose audio is being received is prepared by its owner alone, from the first moment") {
                fixture in
                let (store, owner) = (fixture.store, OwnerToken())
                let job = fixture.makeReceivingJob(key: "k")
                let inserted = try await store.insertReceiving(job, owner: owner, lease: fixture.longLease)
                #expect(inserted == (try await fixture.current(job.id)))
                #expect(inserted.state == .preparing && inserted.lease?.owner == owner && inserted.startedAt != nil)
                #expect(!inserted.audio.isComplete && inserted.idempotencyKey == nil && inserted.stageClaims == 1)
                #expect(try await store.job(idempotencyKey: "k", tenant: job.tenant) == nil)
                #expect(try await store.claimableWork(limit: 9).isEmpty)
                #expect(try await store.claim(.prepare, of: job.id, owner: OwnerToken(), lease: fixture.lease) == nil)
                #expect(try await store.renew(.prepare, of: job.id, owner: owner, lease: fixture.lease) == .renewed)
            },
            Rule("inserting a job that is being received a second time changes nothing") { fixture in
                let (store, owner) = (fixture.store, OwnerToken())
                let job = fixture.makeReceivingJob()
                let first = try await store.insertReceiving(job, owner: owner, lease: fixture.longLease)
                let second = try await store.insertReceiving(job, owner: OwnerToken(), lease: fixture.longLease)
                #expect(first == second)
                await expect(.invalidArgument) {
                    try await store.insertReceiving(fixture.makeJob(), owner: owner, lease: fixture.lease)
                }
            },
            Rule("chunks are transcribed while the audio is being received, but preparing does not end before") {
                fixture in
                let (job, owner) = try await fixture.receivingJob(chunks: 2)
                let store = fixture.store
                try await fixture.commit(0, of: job.id)
                let before = try await fixture.current(job.id)
                #expect(before.progress.chunksDone == 1)
                await expect(.invalidArgument) {
                    try await store.finishPreparing(job.id, owner: owner, chunkCount: 2, format: Sample.format)
                }
                #expect(try await fixture.current(job.id) == before)
                let audio = fixture.receivedAudio(of: job)
                let receipt = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: "k")
                let received = try await fixture.current(job.id)
                #expect(receipt == .received(received))
                #expect(received.audio == audio && received.idempotencyKey == "k" && received.state == .preparing)
                #expect(received.version > before.version && received.progress == before.progress)
                #expect(try await store.job(idempotencyKey: "k", tenant: job.tenant) == received)
                let prepared = try #require(
                    try await store.finishPreparing(job.id, owner: owner, chunkCount: 2, format: Sample.format))
                #expect(prepared.state == .transcribing && prepared.audio == audio)
                try await fixture.commit(1, of: job.id)
                let merging = try await store.claim(.merge, of: job.id, owner: OwnerToken(), lease: fixture.lease)
                #expect(merging?.progress.chunksDone == 2)
            },
            Rule("the end of the reception may be told again, also when preparing has ended") { fixture in
                let (job, owner) = try await fixture.receivingJob(chunks: 1)
                let (store, audio) = (fixture.store, fixture.receivedAudio(of: job))
                _ = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: "k")
                _ = try await store.finishPreparing(job.id, owner: owner, chunkCount: 1, format: Sample.format)
                let again = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: "k")
                #expect(again == .received(try await fixture.current(job.id)))
            },
            Rule("an idempotency key that another job of the tenant got meanwhile is not taken away") { fixture in
                let (job, owner) = try await fixture.receivingJob(chunks: 1)
                let (store, audio) = (fixture.store, fixture.receivedAudio(of: job))
                let other = try await store.insert(fixture.makeJob(key: "k")).job
                let stranger = try await store.insert(fixture.makeJob(tenant: Tenant("b"), key: "l")).job
                let before = try await fixture.current(job.id)
                let refused = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: "k")
                #expect(refused == .keyTaken(other))
                #expect(try await fixture.current(job.id) == before)
                let taken = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: "l")
                #expect(taken == .received(try await fixture.current(job.id)))
                #expect(try await store.job(idempotencyKey: "l", tenant: stranger.tenant)?.id == stranger.id)
            },
            Rule("of two uploads under one key that end at once, one gets it") { fixture in
                let (store, key) = (fixture.store, "k")
                var uploads: [(Job, OwnerToken)] = []
                for _ in 0..<8 { uploads.append(try await fixture.receivingJob(chunks: 0)) }
                let receipts = try await concurrently(uploads) { job, owner in
                    try await store.finishReceiving(
                        job.id, owner: owner, audio: fixture.receivedAudio(of: job), idempotencyKey: key)
                }
                let holder = try #require(try await store.job(idempotencyKey: key, tenant: .default))
                #expect(receipts.count { $0 == .received(holder) } == 1)
                #expect(receipts.count { if case .keyTaken(holder) = $0 { true } else { false } } == 7)
            },
            Rule("an upload whose lease was taken, or whose job has ended, does not complete the audio") { fixture in
                let (store, owner) = (fixture.store, OwnerToken())
                let job = fixture.makeReceivingJob()
                _ = try await store.insertReceiving(job, owner: owner, lease: fixture.lease)
                try await fixture.outlastLease()
                #expect(try await store.claimableWork(limit: 9).map(\.kind) == [.prepare])
                let claimed = try await store.claim(.prepare, of: job.id, owner: OwnerToken(), lease: fixture.longLease)
                #expect(claimed?.audio.isComplete == false)
                let audio = fixture.receivedAudio(of: job)
                let late = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: nil)
                #expect(late == .lost(try await fixture.current(job.id)))

                let (cancelled, itsOwner) = try await fixture.receivingJob(chunks: 1)
                _ = try await store.cancel(cancelled.id, tenant: nil, expiresAt: fixture.retention)
                let ended = try await store.finishReceiving(
                    cancelled.id, owner: itsOwner, audio: fixture.receivedAudio(of: cancelled), idempotencyKey: "k")
                #expect(ended == .lost(try await fixture.current(cancelled.id)))
                _ = try await store.markDeleted(cancelled.id, tenant: nil)
                let gone = try await store.finishReceiving(
                    cancelled.id, owner: itsOwner, audio: fixture.receivedAudio(of: cancelled), idempotencyKey: "k")
                #expect(gone == .lost(nil))
            },
            Rule("a lease that ran out and was taken by nobody still completes the audio") { fixture in
                let (store, owner) = (fixture.store, OwnerToken())
                let job = fixture.makeReceivingJob()
                _ = try await store.insertReceiving(job, owner: owner, lease: fixture.lease)
                try await fixture.outlastLease()
                let audio = fixture.receivedAudio(of: job)
                let receipt = try await store.finishReceiving(job.id, owner: owner, audio: audio, idempotencyKey: nil)
                #expect(receipt == .received(try await fixture.current(job.id)))
            },
        ]
    }
}

extension JobStoreFixture {
    func makeReceivingJob(key: String? = nil) -> Job {
        var job = makeJob(key: key)
        job.audio = .receiving(job.audio.key, filename: "a b.wav")
        return job
    }

    /// A job whose audio is being received, with its first chunks added.
    func receivingJob(chunks: Int) async throws -> (job: Job, owner: OwnerToken) {
        let owner = OwnerToken()
        let job = try await store.insertReceiving(makeReceivingJob(), owner: owner, lease: longLease)
        #expect(try await store.addChunks(Sample.spans(chunks), to: job.id, owner: owner, format: Sample.format))
        return (try await current(job.id), owner)
    }

    func receivedAudio(of job: Job) -> StoredAudio {
        StoredAudio(key: job.audio.key, byteCount: 9, sha256: "11ee", filename: job.audio.filename)
    }
}
