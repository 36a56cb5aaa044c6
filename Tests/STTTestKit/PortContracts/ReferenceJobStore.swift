public import STTCore
import Synchronization

/// A job store in memory, as plain as can be: the measure of what other stores do.
///
/// Concurrency: the `Mutex` guards all records; each call holds it from its start to its end.
public final class ReferenceJobStore: JobStore {
    struct Record {
        var job: Job
        var notBefore: Timestamp?
        var isDeleted = false
        var chunks: [Chunk] = []

        func isUnleased(at now: Timestamp) -> Bool {
            (job.lease.map { $0.until <= now } ?? true) && (notBefore.map { $0 <= now } ?? true)
        }
    }

    let clock: any WallClock
    let leaders = Mutex<[String: Lease]>([:])
    private let records = Mutex<[JobID: Record]>([:])

    /// - Parameter clock: Measures leases and delays.
    public init(clock: any WallClock = SystemWallClock()) {
        self.clock = clock
    }

    func withRecords<Value: Sendable>(
        _ body: (inout sending [JobID: Record]) throws(PortError) -> sending Value
    ) throws(PortError) -> Value {
        try records.withLock(body)
    }

    /// Changes the record of a job that is there and not deleted. `nil` where there is none.
    func update<Value: Sendable>(
        _ id: JobID, tenant: Tenant? = nil, _ body: (inout Record) throws(PortError) -> Value
    ) throws(PortError) -> Value? {
        try withRecords { records throws(PortError) in
            guard var record = records[id], !record.isDeleted, tenant == nil || record.job.tenant == tenant else {
                return nil
            }
            let value = try body(&record)
            records[id] = record
            return value
        }
    }

    /// As `update`, for the owner of a stage.
    func updateHeld(
        _ stage: JobStage, of id: JobID, owner: OwnerToken, _ body: (inout Record) throws(PortError) -> Void
    ) throws(PortError) -> Job? {
        try update(id) { record throws(PortError) -> Job? in
            guard record.job.state == Self.running(stage), record.job.lease?.owner == owner else { return nil }
            try body(&record)
            record.job.version += 1
            return record.job
        } ?? nil
    }

    /// As `update`, for the owner of a chunk.
    func updateHeldChunk(
        _ index: Int, of id: JobID, owner: OwnerToken, _ body: (inout Record, inout Chunk) -> Void
    ) throws(PortError) -> Job? {
        try update(id) { record -> Job? in
            guard let place = record.chunks.firstIndex(where: { $0.index == index }),
                record.chunks[place].state == .running, record.chunks[place].lease?.owner == owner
            else { return nil }
            var chunk = record.chunks[place]
            body(&record, &chunk)
            record.chunks[place] = chunk
            return record.job
        } ?? nil
    }

    static func running(_ stage: JobStage) -> JobState {
        switch stage {
        case .prepare: .preparing
        case .merge: .merging
        }
    }

    static func end(
        _ record: inout Record, as state: JobState, at now: Timestamp, expiresAt: Timestamp
    ) {
        record.job.state = state
        record.job.lease = nil
        record.notBefore = nil
        record.job.finishedAt = now
        record.job.expiresAt = expiresAt
        for index in record.chunks.indices where record.chunks[index].state != .done {
            record.chunks[index].state = .cancelled
            record.chunks[index].lease = nil
            record.chunks[index].notBefore = nil
        }
    }
}
