import STTCore

/// A job store whose calls are waited for up to a limit only.
///
/// Concurrency: none of its own.
struct BoundedJobStore: JobStore {
    let base: any JobStore
    let limit: CallLimit
    let time: WorkerTime

    private func limited<Value: Sendable>(
        _ call: @escaping @Sendable () async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        try await bounded(by: limit, "job store", time: time, call)
    }

    func insert(_ job: Job) async throws(PortError) -> JobInsertion {
        try await limited { [base] () async throws(PortError) in
            try await base.insert(job)
        }
    }

    func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? {
        try await limited { [base] () async throws(PortError) in
            try await base.job(id, tenant: tenant)
        }
    }

    func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        try await limited { [base] () async throws(PortError) in
            try await base.job(idempotencyKey: idempotencyKey, tenant: tenant)
        }
    }

    func jobs(_ query: JobQuery) async throws(PortError) -> [Job] {
        try await limited { [base] () async throws(PortError) in
            try await base.jobs(query)
        }
    }

    func counts(tenant: Tenant?) async throws(PortError) -> JobCounts {
        try await limited { [base] () async throws(PortError) in
            try await base.counts(tenant: tenant)
        }
    }

    func cancel(_ id: JobID, tenant: Tenant?, expiresAt: Timestamp) async throws(PortError) -> JobCancellation {
        try await limited { [base] () async throws(PortError) in
            try await base.cancel(id, tenant: tenant, expiresAt: expiresAt)
        }
    }

    func claim(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> Job?
    {
        try await limited { [base] () async throws(PortError) in
            try await base.claim(stage, of: id, owner: owner, lease: lease)
        }
    }

    func renew(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    {
        try await limited { [base] () async throws(PortError) in
            try await base.renew(stage, of: id, owner: owner, lease: lease)
        }
    }

    func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in
            try await base.release(
                stage, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: chargeAttempt)
        }
    }

    func addChunks(_ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat)
        async throws(PortError) -> Bool
    {
        try await limited { [base] () async throws(PortError) in
            try await base.addChunks(spans, to: id, owner: owner, format: format)
        }
    }

    func finishPreparing(_ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat)
        async throws(PortError) -> Job?
    {
        try await limited { [base] () async throws(PortError) in
            try await base.finishPreparing(id, owner: owner, chunkCount: chunkCount, format: format)
        }
    }

    func complete(_ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    {
        try await limited { [base] () async throws(PortError) in
            try await base.complete(id, owner: owner, result: result, language: language, expiresAt: expiresAt)
        }
    }

    func fail(_ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    {
        try await limited { [base] () async throws(PortError) in
            try await base.fail(id, stage: stage, owner: owner, failure: failure, expiresAt: expiresAt)
        }
    }

    func claimChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> ClaimedChunk?
    {
        try await limited { [base] () async throws(PortError) in
            try await base.claimChunk(index, of: id, owner: owner, lease: lease)
        }
    }

    func renewChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    {
        try await limited { [base] () async throws(PortError) in
            try await base.renewChunk(index, of: id, owner: owner, lease: lease)
        }
    }

    func commitChunk(_ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult) async throws(PortError)
        -> ChunkCommit
    {
        try await limited { [base] () async throws(PortError) in
            try await base.commitChunk(index, of: id, owner: owner, result: result)
        }
    }

    func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in
            try await base.releaseChunk(
                index, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: chargeAttempt)
        }
    }

    func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        try await limited { [base] () async throws(PortError) in
            try await base.chunks(of: id, from: index, limit: limit)
        }
    }

    func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] {
        try await limited { [base] () async throws(PortError) in
            try await base.claimableWork(limit: limit)
        }
    }

    func releaseAllLeases() async throws(PortError) {
        try await limited { [base] () async throws(PortError) in
            try await base.releaseAllLeases()
        }
    }

    func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        try await limited { [base] () async throws(PortError) in
            try await base.markDeleted(id, tenant: tenant)
        }
    }

    func markExpired(limit: Int) async throws(PortError) -> Int {
        try await limited { [base] () async throws(PortError) in
            try await base.markExpired(limit: limit)
        }
    }

    func collectable(limit: Int) async throws(PortError) -> [Job] {
        try await limited { [base] () async throws(PortError) in
            try await base.collectable(limit: limit)
        }
    }

    func purge(_ id: JobID) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in
            try await base.purge(id)
        }
    }

    func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job {
        try await limited { [base] () async throws(PortError) in
            try await base.insertReceiving(job, owner: owner, lease: lease)
        }
    }

    func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt {
        try await limited { [base] () async throws(PortError) in
            try await base.finishReceiving(id, owner: owner, audio: audio, idempotencyKey: idempotencyKey)
        }
    }

    func unfinishedJobs(limit: Int) async throws(PortError) -> Int {
        try await limited { [base] () async throws(PortError) in
            try await base.unfinishedJobs(limit: limit)
        }
    }

    func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio {
        try await limited { [base] () async throws(PortError) in
            try await base.unfinishedAudio(tenant: tenant)
        }
    }

    func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> {
        try await limited { [base] () async throws(PortError) in try await base.recorded(ids) }
    }

    func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        try await limited { [base] () async throws(PortError) in
            try await base.lead(duty, owner: owner, lease: lease)
        }
    }

    func resign(_ duty: String, owner: OwnerToken) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in
            try await base.resign(duty, owner: owner)
        }
    }
}
