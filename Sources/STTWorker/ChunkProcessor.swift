import Logging
import STTCore

/// Takes one chunk from claim to commit.
///
/// The order is always: commit to the store, publish the event, and only then is the queue entry acknowledged.
///
/// Concurrency: one per slot; a slot handles one chunk at a time.
struct ChunkProcessor: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    let keeper: LeaseKeeper
    let metrics: WorkerMetrics
    let transcriber: ChunkTranscriber

    /// Returns when the chunk is done, given back, or found to be none of ours.
    func process(
        _ index: Int, of job: JobID, engine: SlotEngine, logger: Logger
    ) async throws(PortError) -> WorkTaker.Outcome {
        let owner = OwnerToken()
        let sent = ports.time.now
        let claim = try await ports.store.claimChunk(
            index, of: job, owner: owner, lease: configuration.leaseDuration)
        guard let claim else {
            logger.debug("chunk not claimable")
            return .handled
        }
        metrics.update { $0.slotsBusy += 1 }
        defer { metrics.update { $0.slotsBusy -= 1 } }
        do {
            let result = try await keeper.hold(job: job, sent: sent, logger: logger) { () async throws(PortError) in
                try await ports.store.renewChunk(index, of: job, owner: owner, lease: configuration.leaseDuration)
            } _: { lease in
                let result = try await transcriber.transcribe(claim, engine: engine, logger: logger)
                try await commit(result, claim: claim, owner: owner, lease: lease, logger: logger)
                return result
            }
            logger.debug(
                "chunk done",
                metadata: ["engineMS": "\(result.engineMilliseconds)", "attempt": "\(claim.chunk.attempts)"])
            return .handled
        } catch let interruption as WorkInterruption {
            var isTakenOver = interruption == .leaseLost
            if !isTakenOver { isTakenOver = await isDoneByAnother(claim.chunk, logger: logger) }
            if isTakenOver { metrics.update { $0.chunksFenced += 1 } }
            logger.info(
                "chunk given up", metadata: ["reason": "\(interruption)", "takenOver": "\(isTakenOver)"])
            return .handled
        } catch let wait as ChunkMustWait {
            logger.debug("chunk waits for an earlier one", metadata: ["delay": "\(wait.delay)"])
            await release(claim, owner: owner, failure: nil, delay: wait.delay, chargeAttempt: false, logger: logger)
            return .handled
        } catch {
            return await giveBack(claim, owner: owner, error: error, logger: logger)
        }
    }

    private func commit(
        _ result: ChunkResult, claim: ClaimedChunk, owner: OwnerToken, lease: HeldLease, logger: Logger
    ) async throws {
        let chunk = claim.chunk
        let outcome = try await lease.settle("commit", patience: ports.patience(logger)) {
            isRepeated async throws(PortError) -> ChunkCommit in
            let outcome = try await ports.store.commitChunk(chunk.index, of: chunk.job, owner: owner, result: result)
            if case .committed = outcome { return outcome }
            guard isRepeated else { return outcome }
            return try await earlierCommit(of: chunk, result) ?? outcome
        }
        switch outcome {
        case .committed(let job):
            metrics.update {
                $0.chunksCommitted += 1
                if !result.gaps.isEmpty { $0.chunksWithGaps += 1 }
            }
            var done = chunk
            done.state = .done
            done.lease = nil
            done.result = result
            await ports.announce(.chunkDone(done), logger: logger)
            // The samples are removed with those of the whole job, once it is merged.
            if job.isReadyToMerge { await ports.enqueueHint(job.workItem(.merge), logger: logger) }
        case .fenced: throw WorkInterruption.leaseLost
        case .ended: throw WorkInterruption.ended
        }
    }

    /// Whether a chunk that has ended was taken over before, rather than cancelled.
    private func isDoneByAnother(_ chunk: Chunk, logger: Logger) async -> Bool {
        do throws(PortError) {
            let stored = try await ports.store.chunks(of: chunk.job, from: chunk.index, limit: 1).first
            return stored?.index == chunk.index && stored?.state == .done && stored?.claims != chunk.claims
        } catch {
            ports.troubles.note("chunk not read", error, logger: logger)
            return false
        }
    }

    /// The outcome of a commit that was carried out although its caller was not told.
    private func earlierCommit(of chunk: Chunk, _ result: ChunkResult) async throws(PortError) -> ChunkCommit? {
        let stored = try await ports.store.chunks(of: chunk.job, from: chunk.index, limit: 1).first
        guard let stored, stored.index == chunk.index, stored.state == .done, stored.result == result,
            stored.claims == chunk.claims, let job = try await ports.store.job(chunk.job, tenant: nil)
        else { return nil }
        return .committed(job)
    }

    private func giveBack(
        _ claim: ClaimedChunk, owner: OwnerToken, error: any Error, logger: Logger
    ) async -> WorkTaker.Outcome {
        let chunk = claim.chunk
        let attempt = AttemptFailure(error)
        let delay = attempt.failure == nil ? .zero : configuration.backoff.delay(attempt: chunk.releases + 1)
        if attempt.failure != nil { metrics.update { $0.chunksRetried += 1 } }
        ports.troubles.note(
            attempt, "chunk attempt failed", metadata: ["attempt": "\(chunk.attempts)"], logger: logger)
        await release(
            claim, owner: owner, failure: attempt.failure, delay: delay, chargeAttempt: attempt.isCharged,
            logger: logger)
        return attempt.isImpediment ? .impeded : .handled
    }

    private func release(
        _ claim: ClaimedChunk, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool,
        logger: Logger
    ) async {
        let chunk = claim.chunk
        await ports.shielded(logger: logger) { () async throws(PortError) in
            try await ports.store.releaseChunk(
                chunk.index, of: chunk.job, owner: owner, failure: failure, delay: delay, chargeAttempt: chargeAttempt)
            try await ports.queue.enqueue(
                [
                    WorkItem(
                        .chunk(chunk.index), job: chunk.job, tenant: claim.tenant, priority: claim.priority,
                        audioMilliseconds: Int(chunk.span.duration.milliseconds))
                ], delay: delay)
        }
    }
}
