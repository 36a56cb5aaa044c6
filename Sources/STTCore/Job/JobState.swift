/// Where a job stands.
///
/// `queued → preparing → transcribing → merging → completed`, or `failed` or `cancelled` from any of the first four.
/// Chunks are transcribed from the moment that they are cut, so some may be done while the job is still `preparing`.
/// A job whose audio is being uploaded is not in the store yet and has no state, unless it is transcribed while it is
/// being received: that one is `preparing` from its begin, and its audio is not complete.
public enum JobState: String, Sendable, Codable, CaseIterable {
    case queued
    case preparing
    case transcribing
    case merging
    case completed
    case failed
    case cancelled

    /// A terminal state never changes.
    public var isTerminal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .queued, .preparing, .transcribing, .merging: false
        }
    }
}

/// The two steps that are done once per job, each under a lease of its own.
public enum JobStage: String, Sendable, Codable, CaseIterable {
    /// Decode the audio and cut it into chunks. From `queued`; runs in `preparing`.
    case prepare
    /// Fold the chunks into the transcript. From `transcribing` with every chunk done; runs in `merging`.
    case merge
}
