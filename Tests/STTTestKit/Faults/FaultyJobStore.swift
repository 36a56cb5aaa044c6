public import STTCore

/// A job store whose calls fail as a plan says.
///
/// Concurrency: none of its own.
public struct FaultyJobStore: JobStore {
    private let base: any JobStore
    private let plan: FaultPlan

    /// - Parameters:
    ///   - base: Carries the calls out.
    ///   - plan: Sees each call first.
    public init(_ base: any JobStore, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    public func insert(_ job: Job) async throws(PortError) -> JobInsertion {
        try await plan.perform("insert", job: job.id) { () async throws(PortError) in
            try await base.insert(job)
        }
    }

    public func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job {
        try await plan.perform("insertReceiving", job: job.id) { () async throws(PortError) in
            try await base.insertReceiving(job, owner: owner, lease: lease)
        }
    }

    public func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt {
        try await plan.perform("finishReceiving", job: id) { () async throws(PortError) in
            try await base.finishReceiving(id, owner: owner, audio: audio, idempotencyKey: idempotencyKey)
        }
    }

    public func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? {
        try await plan.perform("job", job: id) { () async throws(PortError) in
            try await base.job(id, tenant: tenant)
        }
    }

    public func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        try await plan.perform("job") { () async throws(PortError) in
            try await base.job(idempotencyKey: idempotencyKey, tenant: tenant)
        }
    }

    public func jobs(_ query: JobQuery) async throws(PortError) -> [Job] {
        try await plan.perform("jobs") { () async throws(PortError) in
            try await base.jobs(query)
        }
    }

    public func counts(tenant: Tenant?) async throws(PortError) -> JobCounts {
        try await plan.perform("counts") { () async throws(PortError) in
            try await base.counts(tenant: tenant)
        }
    }

    public func cancel(_ id: JobID, tenant: Tenant?, expiresAt: Timestamp) async throws(PortError) -> JobCancellation {
        try await plan.perform("cancel", job: id) { () async throws(PortError) in
            try await base.cancel(id, tenant: tenant, expiresAt: expiresAt)
        }
    }

    public func claim(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> Job?
    {
        try await plan.perform("claim", job: id) { () async throws(PortError) in
            try await base.claim(stage, of: id, owner: owner, lease: lease)
        }
    }

    public func renew(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    {
        try await plan.perform("renew", job: id) { () async throws(PortError) in
            try await base.renew(stage, of: id, owner: owner, lease: lease)
        }
    }

    public func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        try await plan.perform("release", job: id, dropped: ()) { () async throws(PortError) in
            try await base.release(
                stage, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: chargeAttempt)
        }
    }

    public func addChunks(_ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat)
        async throws(PortError) -> Bool
    {
        try await plan.perform("addChunks", job: id) { () async throws(PortError) in
            try await base.addChunks(spans, to: id, owner: owner, format: format)
        }
    }

    public func finishPreparing(_ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat)
        async throws(PortError) -> Job?
    {
        try await plan.perform("finishPreparing", job: id) { () async throws(PortError) in
            try await base.finishPreparing(id, owner: owner, chunkCount: chunkCount, format: format)
        }
    }

    public func complete(_ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    {
        try await plan.perform("complete", job: id) { () async throws(PortError) in
            try await base.complete(id, owner: owner, result: result, language: language, expiresAt: expiresAt)
        }
    }

    public func fail(_ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    {
        try await plan.perform("fail", job: id) { () async throws(PortError) in
            try await base.fail(id, stage: stage, owner: owner, failure: failure, expiresAt: expiresAt)
        }
    }

    public func claimChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> ClaimedChunk?
    {
        try await plan.perform("claimChunk", job: id, chunk: index) { () async throws(PortError) in
            try await base.claimChunk(index, of: id, owner: owner, lease: lease)
        }
    }

    public func renewChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    {
        try await plan.perform("renewChunk", job: id, chunk: index) { () async throws(PortError) in
            try await base.renewChunk(index, of: id, owner: owner, lease: lease)
        }
    }

    public func commitChunk(_ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult) async throws(PortError)
        -> ChunkCommit
    {
        try await plan.perform("commitChunk", job: id, chunk: index) { () async throws(PortError) in
            try await base.commitChunk(index, of: id, owner: owner, result: result)
        }
    }

    public func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        try await plan.perform("releaseChunk", job: id, chunk: index, dropped: ()) { () async throws(PortError) in
            try await base.releaseChunk(
                index, of: id, owner: owner, failure: failure, delay: delay, chargeAttempt: chargeAttempt)
        }
    }

    public func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        try await plan.perform("chunks", job: id) { () async throws(PortError) in
            try await base.chunks(of: id, from: index, limit: limit)
        }
    }

    public func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] {
        try await plan.perform("claimableWork") { () async throws(PortError) in
            try await base.claimableWork(limit: limit)
        }
    }

    public func releaseAllLeases() async throws(PortError) {
        try await plan.perform("releaseAllLeases", dropped: ()) { () async throws(PortError) in
            try await base.releaseAllLeases()
        }
    }

    public func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        try await plan.perform("markDeleted", job: id) { () async throws(PortError) in
            try await base.markDeleted(id, tenant: tenant)
        }
    }

    public func markExpired(limit: Int) async throws(PortError) -> Int {
        try await plan.perform("markExpired") { () async throws(PortError) in
            try await base.markExpired(limit: limit)
        }
    }

    public func collectable(limit: Int) async throws(PortError) -> [Job] {
        try await plan.perform("collectable") { () async throws(PortError) in
            try await base.collectable(limit: limit)
        }
    }

    public func purge(_ id: JobID) async throws(PortError) {
        try await plan.perform("purge", job: id, dropped: ()) { () async throws(PortError) in
            try await base.purge(id)
        }
    }

    public func unfinishedJobs(limit: Int) async throws(PortError) -> Int {
        try await plan.perform("unfinishedJobs") { () async throws(PortError) in
            try await base.unfinishedJobs(limit: limit)
        }
    }

    public func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio {
        try await plan.perform("unfinishedAudio") { () async throws(PortError) in
            try await base.unfinishedAudio(tenant: tenant)
        }
    }

    public func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> {
        try await plan.perform("recorded") { () async throws(PortError) in try await base.recorded(ids) }
    }

    public func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        try await plan.perform("lead") { () async throws(PortError) in
            try await base.lead(duty, owner: owner, lease: lease)
        }
    }

    public func resign(_ duty: String, owner: OwnerToken) async throws(PortError) {
        try await plan.perform("resign", dropped: ()) { () async throws(PortError) in
            try await base.resign(duty, owner: owner)
        }
    }
}
