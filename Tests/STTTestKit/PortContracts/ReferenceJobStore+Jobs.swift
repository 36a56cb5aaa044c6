public import STTCore
import Synchronization

extension ReferenceJobStore {
    public func insert(_ job: Job) async throws(PortError) -> JobInsertion {
        try withRecords { records throws(PortError) in
            if let key = job.idempotencyKey {
                let first = records.values.first {
                    !$0.isDeleted && $0.job.tenant == job.tenant && $0.job.idempotencyKey == key
                }
                if let first { return .existing(first.job) }
            }
            if let same = records[job.id] {
                guard !same.isDeleted, same.job.tenant == job.tenant else {
                    throw PortError(.invalidArgument, port: "job store", "the job id \(job.id) was used before")
                }
                return .existing(same.job)
            }
            records[job.id] = Record(job: job)
            return .inserted(job)
        }
    }

    public func job(_ id: JobID, tenant: Tenant?) async throws(PortError) -> Job? {
        try update(id, tenant: tenant) { $0.job }
    }

    public func job(idempotencyKey: String, tenant: Tenant) async throws(PortError) -> Job? {
        try withRecords { records in
            records.values.first {
                !$0.isDeleted && $0.job.tenant == tenant && $0.job.idempotencyKey == idempotencyKey
            }?.job
        }
    }

    public func jobs(_ query: JobQuery) async throws(PortError) -> [Job] {
        try withRecords { records in
            let found = records.values.filter { record in
                !record.isDeleted && (query.tenant == nil || record.job.tenant == query.tenant)
                    && (query.states.isEmpty || query.states.contains(record.job.state))
                    && (query.before.map { record.job.id < $0 } ?? true)
            }
            return Array(found.map(\.job).sorted { $0.id > $1.id }.prefix(max(0, query.limit)))
        }
    }

    public func counts(tenant: Tenant?) async throws(PortError) -> JobCounts {
        try withRecords { records in
            var counts = JobCounts()
            for record in records.values where !record.isDeleted && (tenant == nil || record.job.tenant == tenant) {
                counts.jobs[record.job.state, default: 0] += 1
                if record.job.state == .queued {
                    counts.oldestQueuedAt = min(counts.oldestQueuedAt ?? record.job.createdAt, record.job.createdAt)
                }
                for chunk in record.chunks {
                    if chunk.state == .pending {
                        counts.chunksPending += 1
                        counts.pendingSamples += chunk.span.ownSamples
                    } else if chunk.state == .running {
                        counts.chunksRunning += 1
                    }
                }
            }
            return counts
        }
    }

    public func cancel(
        _ id: JobID, tenant: Tenant?, expiresAt: Timestamp
    ) async throws(PortError) -> JobCancellation {
        let now = clock.now
        let cancellation = try update(id, tenant: tenant) { record -> JobCancellation in
            guard !record.job.state.isTerminal else { return .alreadyEnded(record.job) }
            Self.end(&record, as: .cancelled, at: now, expiresAt: expiresAt)
            record.job.version += 1
            return .cancelled(record.job)
        }
        return cancellation ?? .notFound
    }

    // MARK: Upkeep

    public func claimableWork(limit: Int) async throws(PortError) -> [WorkItem] {
        let now = clock.now
        return try withRecords { records in
            var items: [WorkItem] = []
            for record in records.values.sorted(by: { $0.job.id < $1.job.id }) {
                let (job, isUnleased) = (record.job, record.isUnleased(at: now))
                if record.isDeleted {
                    items.append(WorkItem(.collect, job: job.id, tenant: job.tenant, priority: job.priority))
                }
                if isUnleased, job.state == .queued || job.state == .preparing {
                    items.append(WorkItem(.prepare, job: job.id, tenant: job.tenant, priority: job.priority))
                }
                for chunk in record.chunks where Self.isClaimable(chunk, at: now) {
                    items.append(
                        WorkItem(
                            .chunk(chunk.index), job: job.id, tenant: job.tenant, priority: job.priority,
                            audioMilliseconds: Int(chunk.span.duration.milliseconds)))
                }
                if isUnleased, job.state == .transcribing || job.state == .merging,
                    record.chunks.allSatisfy({ $0.state == .done })
                {
                    items.append(WorkItem(.merge, job: job.id, tenant: job.tenant, priority: job.priority))
                }
            }
            return Array(items.prefix(max(0, limit)))
        }
    }

    public func releaseAllLeases() async throws(PortError) {
        try withRecords { records in
            for id in Array(records.keys) {
                guard var record = records[id] else { continue }
                if record.job.lease != nil {
                    record.job.lease = nil
                    record.job.version += 1
                }
                for index in record.chunks.indices where record.chunks[index].state == .running {
                    record.chunks[index].state = .pending
                    record.chunks[index].attempts -= 1
                    record.chunks[index].lease = nil
                }
                records[id] = record
            }
        }
    }

    public func markDeleted(_ id: JobID, tenant: Tenant?) async throws(PortError) -> JobDeletion {
        let deletion = try update(id, tenant: tenant) { record -> JobDeletion in
            guard record.job.state.isTerminal else { return .notEnded(record.job) }
            record.isDeleted = true
            record.job.version += 1
            return .deleted(record.job)
        }
        return deletion ?? .notFound
    }

    public func markExpired(limit: Int) async throws(PortError) -> Int {
        let now = clock.now
        return try withRecords { records in
            let expired = records.values.compactMap { record -> (JobID, Timestamp)? in
                guard !record.isDeleted, let time = record.job.expiresAt, time <= now else { return nil }
                return (record.job.id, time)
            }
            let marked = expired.sorted { $0.1 < $1.1 }.prefix(max(0, limit))
            for (id, _) in marked {
                records[id]?.isDeleted = true
                records[id]?.job.version += 1
            }
            return marked.count
        }
    }

    public func collectable(limit: Int) async throws(PortError) -> [Job] {
        try withRecords { records in
            let deleted = records.values.filter(\.isDeleted).map(\.job).sorted { $0.id < $1.id }
            return Array(deleted.prefix(max(0, limit)))
        }
    }

    public func purge(_ id: JobID) async throws(PortError) {
        try withRecords { records in
            if records[id]?.isDeleted == true { records[id] = nil }
        }
    }

    public func unfinishedJobs(limit: Int) async throws(PortError) -> Int {
        try withRecords { records in
            min(max(0, limit), records.values.count { !$0.isDeleted && !$0.job.state.isTerminal })
        }
    }

    public func unfinishedAudio(tenant: Tenant) async throws(PortError) -> UnfinishedAudio {
        try withRecords { records in
            var audio = UnfinishedAudio()
            for record in records.values where !record.isDeleted && !record.job.state.isTerminal {
                guard record.job.tenant == tenant, record.job.audio.isComplete else { continue }
                if let samples = record.job.format?.sampleCount {
                    audio.samples += samples
                } else {
                    audio.undecodedBytes += record.job.audio.byteCount
                }
            }
            return audio
        }
    }

    public func recorded(_ ids: [JobID]) async throws(PortError) -> Set<JobID> {
        try withRecords { records in Set(ids.filter { records[$0] != nil }) }
    }

    public func lead(_ duty: String, owner: OwnerToken, lease: Duration) async throws(PortError) -> Bool {
        let now = clock.now
        return leaders.withLock { leaders in
            if let holder = leaders[duty], holder.owner != owner, holder.until > now { return false }
            leaders[duty] = Lease(owner: owner, until: now + lease)
            return true
        }
    }

    public func resign(_ duty: String, owner: OwnerToken) async throws(PortError) {
        leaders.withLock { leaders in
            if leaders[duty]?.owner == owner { leaders[duty] = nil }
        }
    }

    static func isClaimable(_ chunk: Chunk, at now: Timestamp) -> Bool {
        switch chunk.state {
        case .pending: chunk.notBefore.map { $0 <= now } ?? true
        case .running: chunk.lease.map { $0.until <= now } ?? true
        case .done, .cancelled: false
        }
    }
}
