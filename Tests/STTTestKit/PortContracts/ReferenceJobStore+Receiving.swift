public import STTCore

extension ReferenceJobStore {
    public func insertReceiving(_ job: Job, owner: OwnerToken, lease: Duration) async throws(PortError) -> Job {
        guard !job.audio.isComplete else {
            throw PortError(.invalidArgument, port: "job store", "the audio of job \(job.id) is complete")
        }
        let now = clock.now
        return try withRecords { records throws(PortError) in
            if let same = records[job.id] {
                guard !same.isDeleted, same.job.tenant == job.tenant else {
                    throw PortError(.invalidArgument, port: "job store", "the job id \(job.id) was used before")
                }
                return same.job
            }
            var fresh = job
            fresh.idempotencyKey = nil
            fresh.state = .preparing
            fresh.lease = Lease(owner: owner, until: now + lease)
            fresh.startedAt = now
            fresh.stageClaims = 1
            records[job.id] = Record(job: fresh)
            return fresh
        }
    }

    public func finishReceiving(
        _ id: JobID, owner: OwnerToken, audio: StoredAudio, idempotencyKey: String?
    ) async throws(PortError) -> AudioReceipt {
        try withRecords { records throws(PortError) in
            guard let record = records[id], !record.isDeleted else { return .lost(nil) }
            if record.job.audio == audio { return .received(record.job) }
            guard record.job.state == .preparing, record.job.lease?.owner == owner, !record.job.audio.isComplete else {
                return .lost(record.job)
            }
            if let idempotencyKey {
                let holder = records.values.first {
                    !$0.isDeleted && $0.job.tenant == record.job.tenant && $0.job.idempotencyKey == idempotencyKey
                }
                if let holder { return .keyTaken(holder.job) }
            }
            var received = record
            received.job.audio = audio
            received.job.idempotencyKey = idempotencyKey
            received.job.version += 1
            records[id] = received
            return .received(received.job)
        }
    }
}
