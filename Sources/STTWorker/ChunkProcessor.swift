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
    func process(_ index: Int, of job: JobID, engine: SlotEngine, logger: Logger) async throws(PortError) {
        let owner = OwnerToken()
        let claim = try await ports.store.claimChunk(
            index, of: job, owner: owner, lease: configuration.leaseDuration)
        guard let claim else {
            logger.debug("chunk not claimable")
            return
        }
        metrics.update { $0.slotsBusy += 1 }
        defer { metrics.update { $0.slotsBusy -= 1 } }
        do {
            let result = try await keeper.hold(job: job, logger: logger) { () async throws(PortError) in
                try await ports.store.renewChunk(index, of: job, owner: owner, lease: configuration.leaseDuration)
            } _: {
                let result = try await transcriber.transcribe(claim, engine: engine, logger: logger)
                try await commit(result, claim: claim, owner: owner, logger: logger)
                return result
            }
            logger.debug(
                "chunk done",
                metadata: ["engineMS": "\(result.engineMilliseconds)", "attempt": "\(claim.chunk.attempts)"])
        } catch let interruption as WorkInterruption {
            if interruption == .leaseLost { metrics.update { $0.chunksFenced += 1 } }
            logger.info("chunk given up", metadata: ["reason": "\(interruption)"])
        } catch {
            await giveBack(claim, owner: owner, error: error, logger: logger)
        }
    }

    private func commit(_ result: ChunkResult, claim: ClaimedChunk, owner: OwnerToken, logger: Logger) async throws {
        let chunk = claim.chunk
        let outcome = try await persistently(logger: logger) { () async throws(PortError) in
            try await ports.store.commitChunk(chunk.index, of: chunk.job, owner: owner, result: result)
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
            if job.isReadyToMerge { await ports.enqueueHint(job.workItem(.merge), logger: logger) }
            await ports.discard(.samples(of: chunk.job, chunk: chunk.index), logger: logger)
        case .fenced: throw WorkInterruption.leaseLost
        case .ended: throw WorkInterruption.ended
        }
    }

    /// Tries again while the store is out of reach or full: the engine's work is not thrown away for that.
    private func persistently<Result: Sendable>(
        logger: Logger, _ operation: @Sendable () async throws(PortError) -> Result
    ) async throws -> Result {
        var attempt = 0
        while true {
            do throws(PortError) {
                return try await operation()
            } catch {
                attempt += 1
                guard error.isTransient, attempt <= 60 else { throw error }
                logger.warning("commit failed, trying again", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: .milliseconds(100) + configuration.backoff.delay(attempt: attempt))
        }
    }

    private func giveBack(_ claim: ClaimedChunk, owner: OwnerToken, error: any Error, logger: Logger) async {
        let chunk = claim.chunk
        let attempt = AttemptFailure(error)
        let delay = attempt.failure == nil ? .zero : configuration.backoff.delay(attempt: chunk.releases + 1)
        if attempt.failure != nil { metrics.update { $0.chunksRetried += 1 } }
        logger.warning(
            "chunk attempt failed",
            metadata: [
                "attempt": "\(chunk.attempts)", "charged": "\(attempt.isCharged)",
                "error": "\(attempt.failure?.message ?? "stopped")",
            ])
        await ports.shielded(logger: logger) { () async throws(PortError) in
            try await ports.store.releaseChunk(
                chunk.index, of: chunk.job, owner: owner, failure: attempt.failure, delay: delay,
                chargeAttempt: attempt.isCharged)
            try await ports.queue.enqueue(
                [
                    WorkItem(
                        .chunk(chunk.index), job: chunk.job, tenant: claim.tenant,
                        audioMilliseconds: Int(chunk.span.duration.milliseconds))
                ], delay: delay)
        }
    }
}
