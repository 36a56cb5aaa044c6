/// Cuts recordings while they are being received, so that their first chunks are transcribed before the last byte comes.
public protocol EarlyPreparation: Sendable {
    /// Inserts the job and begins to cut what is going to be appended.
    /// - Parameters:
    ///   - job: Its audio is not complete.
    ///   - size: As announced, in bytes; `nil` where the uploader does not know it.
    ///   - firstBytes: The first ``EarlyRecordings/decisiveBytes`` of the recording, or all where it has fewer. They have to be
    ///     appended, too.
    /// - Returns: `nil` where this recording cannot be cut early, or not at the moment; nothing was inserted then.
    /// - Throws: Where the job may have been inserted or not. Its lease runs out then.
    func begin(_ job: Job, size: Int?, firstBytes: [UInt8]) async throws(PortError) -> (any EarlyRecording)?
}

/// A recording that is cut while it is being received. One of `complete` and `abandon` has to be called.
public protocol EarlyRecording: Sendable {
    /// As it was inserted.
    var job: Job { get }
    /// Who holds the lease of its `prepare` stage.
    var owner: OwnerToken { get }

    /// Takes the next bytes. What fails here is made up for once the audio is complete.
    func append(_ bytes: [UInt8]) async

    /// The store has the job's audio. Cutting may go on for a while.
    func complete()

    /// The upload is given up. Returns when nothing works on the recording any more; the job is the caller's to end.
    func abandon() async

    /// Waits until cutting or the upload has ended.
    /// - Returns: Why it ended before the upload did. `nil`: the upload has ended first.
    func ending() async -> EarlyEnding?
}

/// How a job ended whose audio was still being received.
public enum EarlyEnding: Sendable, Hashable {
    /// Its audio cannot be transcribed. The job has failed.
    case failed(JobFailure)
    /// It was cancelled, or somebody else failed it.
    case ended
    /// Another worker may have it.
    case lost
}

public enum EarlyRecordings {
    /// Whether a recording can be cut early is seen from so many bytes.
    public static let decisiveBytes = 64 * 1024
}

extension JobFailure {
    /// The upload ended before the audio was complete.
    public static let uploadBrokenOff = JobFailure(
        code: "upload.brokenOff", message: "the upload broke off before all of the audio was there; submit it again")
}
