/// The truth about jobs and chunks.
///
/// Every change is one guarded update of one record: it says what it expects and reports whether it held. Leases are
/// measured by the store's own clock. A change that is guarded by an owner token fails once the lease was taken by
/// another claim, however late it comes; a lease that merely ran out and was taken by nobody still commits.
///
/// A call is carried out also where its task was cancelled, so that a worker can give back what it holds at shutdown.
///
/// Concurrency: implementations serialise conflicting updates; any method may be called from any task at any time.
public protocol JobStore: Sendable {
    // MARK: Jobs

    /// Adds a job in state `queued`. With an idempotency key that the tenant used before, adds nothing and returns the
    /// first job, also where it has ended; a deleted job no longer holds its key. A repetition with the same id returns
    /// the job that is there. Throws `invalidArgument` where the id is that of a deleted job or another tenant's.
    func insert(_ job: Job) async throws(PortError) -> JobInsertion

    /// Adds a job whose audio is still being received: it is `preparing`, and the owner holds the lease of that stage
    /// from the first moment. It has no idempotency key before `finishReceiving`. A repetition with the same id returns
    /// the job that is there. Throws `invalidArgument` as `insert` does, and where the audio is complete.
    func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job

    /// Sets audio and idempotency key of a job whose audio was being received, for the owner of its `prepare` stage. A
    /// repetition with the same audio is answered as the first call.
    func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt

    /// `nil` where there is no such job, where it was deleted, and where it belongs to another tenant. A `nil` tenant
    /// stands for all.
    func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job?

    /// Finds the tenant's job with this idempotency key.
    func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job?

    /// Newest first, by id.
    func jobs(_ query: JobQuery) async throws(PortError) -> [Job]

    /// Counts over all tenants, or one.
    func counts(tenant: Tenant?) async throws(PortError) -> JobCounts

    /// How many jobs of all tenants have not ended, counted up to a limit.
    func unfinishedJobs(limit: Int) async throws(PortError) -> Int

    /// The audio of a tenant's jobs that have not ended, what is done of them not subtracted. Audio that is still being
    /// received does not count.
    func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio

    /// Ends a job that has not ended. Its chunks that are not done become `cancelled`.
    func cancel(_ id: JobID, tenant: Tenant?, expiresAt: Timestamp) async throws(PortError) -> JobCancellation

    // MARK: Stages

    /// Takes the lease of a stage. `nil` where the stage cannot be started: the job is in another state, another
    /// owner's lease is running, `notBefore` is not reached, or, for `merge`, a chunk is not done.
    func claim(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job?

    func renew(_ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal

    /// Gives the stage back after a failed attempt. Does nothing where the owner lost it.
    /// - Parameters:
    ///   - failure: Shown by Status until the job goes on. `nil` where nothing failed, as at shutdown.
    ///   - delay: Not to be claimed again before.
    ///   - chargeAttempt: Whether the attempt counts against the job.
    func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError)

    /// Adds chunks while preparing. A chunk whose index is there already is left as it is.
    /// - Returns: Whether the owner still holds the stage; `false`: nothing was added.
    func addChunks(_ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat) async throws(PortError)
        -> Bool

    /// Ends `prepare`: the job is `transcribing` and has exactly this many chunks. Throws `invalidArgument`, and changes
    /// nothing, unless just the chunks from 0 to `chunkCount - 1` were added and the audio is complete.
    /// - Returns: The job, or `nil` where the owner lost the stage.
    func finishPreparing(_ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat) async throws(PortError)
        -> Job?

    /// Ends `merge`: the job is `completed`.
    /// - Returns: The job, or `nil` where the owner lost the stage.
    func complete(_ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp)
        async throws(PortError) -> Job?

    /// Ends the job as `failed`. Its chunks that are not done become `cancelled`.
    /// - Returns: The job, or `nil` where the owner lost the stage.
    func fail(_ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp)
        async throws(PortError) -> Job?

    // MARK: Chunks

    /// Takes the lease of a chunk. `nil` where it is done, cancelled, under a lease that runs, not to be tried yet, or
    /// its job has ended.
    ///
    /// A claim that was lost, because its lease ran out or all leases were ended, is not charged: `attempts` counts
    /// charged failures and the running claim, `claims` every claim. The worker bounds both, or a chunk that ends the
    /// whole process would be tried for ever.
    func claimChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> ClaimedChunk?

    func renewChunk(_ index: Int, of id: JobID, owner: OwnerToken, lease: Duration) async throws(PortError)
        -> LeaseRenewal

    /// Makes the chunk `done`.
    func commitChunk(_ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult) async throws(PortError)
        -> ChunkCommit

    /// Gives the chunk back. Does nothing where the owner lost it.
    func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError)

    /// The chunks from an index on, in order, at most `limit`, done or not.
    func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk]

    // MARK: Upkeep

    /// What could be claimed now and so should be in the queue: oldest job first, at most `limit`.
    func claimableWork(limit: Int) async throws(PortError) -> [WorkItem]

    /// Ends every lease without a charge, for a store that a single process owns, when that process starts.
    func releaseAllLeases() async throws(PortError)

    /// Hides a job that has ended from everything but `collectable` and `purge`.
    func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion

    /// Marks the ended jobs whose time has come as deleted.
    /// - Returns: How many.
    func markExpired(limit: Int) async throws(PortError) -> Int

    /// Deleted jobs whose records are still there.
    func collectable(limit: Int) async throws(PortError) -> [Job]

    /// Removes the records of a deleted job, once its objects are gone.
    func purge(_ id: JobID) async throws(PortError)

    /// Those of the jobs that have a record, also where it is marked as deleted.
    func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID>

    /// Takes or renews the lease of a duty that one process of a cluster has at a time, such as reconciling.
    /// - Returns: Whether the owner has it now.
    func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool

    /// Gives a duty back. Does nothing where the owner does not have it.
    func resign(_ duty: String, owner: OwnerToken) async throws(PortError)
}
