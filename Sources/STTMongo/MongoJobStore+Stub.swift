public import STTCore

extension MongoJobStore {
    public func insert(_ job: Job) async throws(PortError) -> JobInsertion { throw MongoDatabase.missing }
    public func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? { throw MongoDatabase.missing }
    public func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        throw MongoDatabase.missing
    }
    public func jobs(_ query: JobQuery) async throws(PortError) -> [Job] { throw MongoDatabase.missing }
    public func counts(tenant: Tenant?) async throws(PortError) -> JobCounts { throw MongoDatabase.missing }
    public func unfinishedJobs(limit: Int) async throws(PortError) -> Int { throw MongoDatabase.missing }
    public func cancel(_ id: JobID, tenant: Tenant?, expiresAt: Timestamp) async throws(PortError) -> JobCancellation {
        throw MongoDatabase.missing
    }
    public func claim(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> Job?
    { throw MongoDatabase.missing }
    public func renew(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    { throw MongoDatabase.missing }
    public func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) { throw MongoDatabase.missing }
    public func addChunks(_ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat)
        async throws(PortError)
        -> Bool
    { throw MongoDatabase.missing }
    public func finishPreparing(_ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat)
        async throws(PortError)
        -> Job?
    { throw MongoDatabase.missing }
    public func complete(_ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    { throw MongoDatabase.missing }
    public func fail(_ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp)
        async throws(PortError) -> Job?
    { throw MongoDatabase.missing }
    public func claimChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> ClaimedChunk?
    { throw MongoDatabase.missing }
    public func renewChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal
    { throw MongoDatabase.missing }
    public func commitChunk(_ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult) async throws(PortError)
        -> ChunkCommit
    { throw MongoDatabase.missing }
    public func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) { throw MongoDatabase.missing }
    public func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        throw MongoDatabase.missing
    }
    public func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] { throw MongoDatabase.missing }
    public func releaseAllLeases() async throws(PortError) { throw MongoDatabase.missing }
    public func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        throw MongoDatabase.missing
    }
    public func markExpired(limit: Int) async throws(PortError) -> Int { throw MongoDatabase.missing }
    public func collectable(limit: Int) async throws(PortError) -> [Job] { throw MongoDatabase.missing }
    public func purge(_ id: JobID) async throws(PortError) { throw MongoDatabase.missing }
    public func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> { throw MongoDatabase.missing }
    public func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        throw MongoDatabase.missing
    }
    public func resign(_ duty: String, owner: OwnerToken) async throws(PortError) { throw MongoDatabase.missing }
}
