public import STTProto

/// One thing that happened to a job.
public enum ResultEvent: Sendable, Hashable {
    /// A chunk's transcript. In order, the texts concatenated are the transcript.
    case partial(Partial)
    /// The state or the counts changed. The last event of a stream has a terminal state.
    case status(JobStatus)
}
