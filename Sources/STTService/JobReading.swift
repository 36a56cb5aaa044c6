import RPCWire
import STTCore
import STTProto

/// A job with the status that clients get of it, encoded once.
///
/// Concurrency: immutable. A class, for a job is much to copy at every question.
final class JobReading: Sendable {
    let job: Job
    let status: Result<SharedBytes, ProtoError>

    init(_ job: Job) {
        self.job = job
        status = Result { () throws(ProtoError) in try SharedBytes(encoding: JobStatus(job)) }
    }
}

extension Job {
    /// Whether this is a later state of the same job, or the same one.
    func isSameOrNewer(than other: Job) -> Bool {
        if version != other.version { return version > other.version }
        if progress.chunksDone != other.progress.chunksDone {
            return progress.chunksDone > other.progress.chunksDone
        }
        return progress.chunkAttempts >= other.progress.chunkAttempts
    }
}
