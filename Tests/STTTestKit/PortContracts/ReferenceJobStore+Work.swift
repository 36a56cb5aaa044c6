public import STTCore

extension ReferenceJobStore {
    public func claim(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> Job? {
        let now = clock.now
        return try update(id) { record -> Job? in
            let isStartable =
                switch stage {
                case .prepare: record.job.state == .queued || record.job.state == .preparing
                case .merge:
                    (record.job.state == .transcribing || record.job.state == .merging)
                        && record.chunks.allSatisfy { $0.state == .done }
                }
            guard isStartable, record.isUnleased(at: now) else { return nil }
            record.job.state = Self.running(stage)
            record.job.lease = Lease(owner: owner, until: now + lease)
            record.job.startedAt = record.job.startedAt ?? now
            record.job.version += 1
            record.job.stageClaims += 1
            record.notBefore = nil
            return record.job
        } ?? nil
    }

    public func renew(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        let now = clock.now
        let renewal = try update(id) { record -> LeaseRenewal in
            if record.job.state == Self.running(stage), record.job.lease?.owner == owner {
                record.job.lease?.until = now + lease
                return .renewed
            }
            let isPast = stage == .prepare && (record.job.state == .transcribing || record.job.state == .merging)
            return record.job.state.isTerminal || isPast ? .ended : .lost
        }
        return renewal ?? .ended
    }

    public func release(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        let now = clock.now
        _ = try updateHeld(stage, of: id, owner: owner) { record in
            record.job.lease = nil
            record.job.failure = failure ?? record.job.failure
            record.job.stageAttempts += chargeAttempt ? 1 : 0
            record.job.stageClaims = max(record.job.stageClaims - 1, 0)
            record.notBefore = delay > .zero ? now + delay : nil
        }
    }

    public func addChunks(
        _ spans: [ChunkSpan], to id: JobID, owner: OwnerToken, format: AudioFormat
    ) async throws(PortError) -> Bool {
        let job = try updateHeld(.prepare, of: id, owner: owner) { record in
            record.job.format = format
            record.job.stageClaims = 1
            for span in spans where !record.chunks.contains(where: { $0.index == span.index }) {
                record.chunks.append(Chunk(job: id, span: span))
            }
            record.chunks.sort { $0.index < $1.index }
        }
        return job != nil
    }

    public func finishPreparing(
        _ id: JobID, owner: OwnerToken, chunkCount: Int, format: AudioFormat
    ) async throws(PortError) -> Job? {
        try updateHeld(.prepare, of: id, owner: owner) { record throws(PortError) in
            guard record.job.audio.isComplete else {
                throw PortError(.invalidArgument, port: "job store", "the audio of job \(id) is not there yet")
            }
            guard record.chunks.map(\.index) == Array(0..<max(0, chunkCount)) else {
                throw PortError(.invalidArgument, port: "job store", "there are not exactly \(chunkCount) chunks")
            }
            record.job.state = .transcribing
            record.job.lease = nil
            record.job.chunkCount = chunkCount
            record.job.format = format
            record.job.failure = nil
            record.job.stageAttempts = 0
            record.job.stageClaims = 0
        }
    }

    public func complete(
        _ id: JobID, owner: OwnerToken, result: StoredResult, language: String?, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        let now = clock.now
        return try updateHeld(.merge, of: id, owner: owner) { record in
            Self.end(&record, as: .completed, at: now, expiresAt: expiresAt)
            record.job.result = result
            record.job.language = language ?? record.job.language
            record.job.failure = nil
            record.job.stageAttempts = 0
            record.job.stageClaims = 0
        }
    }

    public func fail(
        _ id: JobID, stage: JobStage, owner: OwnerToken, failure: JobFailure, expiresAt: Timestamp
    ) async throws(PortError) -> Job? {
        let now = clock.now
        return try updateHeld(stage, of: id, owner: owner) { record in
            Self.end(&record, as: .failed, at: now, expiresAt: expiresAt)
            record.job.failure = failure
        }
    }

    // MARK: Chunks

    public func claimChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> ClaimedChunk? {
        let now = clock.now
        return try update(id) { record -> ClaimedChunk? in
            guard let place = record.chunks.firstIndex(where: { $0.index == index }),
                Self.isClaimable(record.chunks[place], at: now)
            else { return nil }
            // A claim that was lost is not charged: its attempt passes to the new one.
            record.chunks[place].attempts += record.chunks[place].state == .pending ? 1 : 0
            record.chunks[place].claims += 1
            record.chunks[place].state = .running
            record.chunks[place].lease = Lease(owner: owner, until: now + lease)
            record.chunks[place].notBefore = nil
            record.job.progress.chunkAttempts += 1
            return ClaimedChunk(
                chunk: record.chunks[place], options: record.job.options, language: record.job.language,
                tenant: record.job.tenant, priority: record.job.priority)
        } ?? nil
    }

    public func renewChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, lease: Duration
    ) async throws(PortError) -> LeaseRenewal {
        let now = clock.now
        let renewed = try updateHeldChunk(index, of: id, owner: owner) { $1.lease?.until = now + lease }
        if renewed != nil { return .renewed }
        let state = try update(id) { record in record.chunks.first { $0.index == index }?.state } ?? nil
        return state == .pending || state == .running ? .lost : .ended
    }

    public func commitChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, result: ChunkResult
    ) async throws(PortError) -> ChunkCommit {
        let committed = try updateHeldChunk(index, of: id, owner: owner) { record, chunk in
            chunk.state = .done
            chunk.lease = nil
            chunk.result = result
            record.job.progress.chunksDone += 1
            record.job.progress.chunksWithGaps += result.gaps.isEmpty ? 0 : 1
            record.job.progress.samplesDone += chunk.span.ownSamples
            record.job.language = record.job.language ?? result.language
        }
        if let committed { return .committed(committed) }
        let hasEnded = try update(id) { $0.job.state.isTerminal } ?? true
        return hasEnded ? .ended : .fenced
    }

    public func releaseChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, failure: JobFailure?, delay: Duration, chargeAttempt: Bool
    ) async throws(PortError) {
        let now = clock.now
        _ = try updateHeldChunk(index, of: id, owner: owner) { _, chunk in
            chunk.state = .pending
            chunk.attempts -= chargeAttempt ? 0 : 1
            chunk.releases += 1
            chunk.lease = nil
            chunk.notBefore = delay > .zero ? now + delay : nil
            chunk.lastFailure = failure ?? chunk.lastFailure
        }
    }

    public func chunks(of id: JobID, from index: Int, limit: Int) async throws(PortError) -> [Chunk] {
        try update(id) { record in
            Array(record.chunks.filter { $0.index >= index }.prefix(max(0, limit)))
        } ?? []
    }
}
