import STTCore

/// Folds a job's chunks in order, in whichever order and however often they come.
struct ChunkFold {
    private(set) var merger = TranscriptMerger()
    /// The next chunk to fold.
    private(set) var next = 0
    /// The newest state that was seen.
    var job: Job?
    /// Chunks that came early, by index.
    private var early: [Int: Chunk] = [:]
    private var pollsSinceReading = 0
    private var versionRead: Int?

    private static let earlyLimit = 64
    /// Polls after which the chunks are read whatever the job's count of them says.
    private static let pollsPerReading = 10

    /// Keeps a chunk until those before it have come. Where there are too many it is read again when its turn comes.
    mutating func keep(_ chunk: Chunk) {
        guard chunk.state == .done, chunk.result != nil, chunk.index >= next else { return }
        if chunk.index == next || early.count < Self.earlyLimit { early[chunk.index] = chunk }
    }

    /// Folds the chunk whose turn it is, if it is here.
    mutating func foldNext() -> (Chunk, MergedChunk)? {
        guard let chunk = early.removeValue(forKey: next), let result = chunk.result else { return nil }
        next += 1
        return (chunk, merger.fold(chunk.span, result))
    }

    /// Whether the store may have chunks that did not come. To be asked once a poll.
    mutating func isReadingDue(_ job: Job) -> Bool {
        if job.state == .completed, job.chunkCount == next { return false }
        pollsSinceReading += 1
        return job.state.isTerminal || job.progress.chunksDone > next + early.count
            || (versionRead != nil && versionRead != job.version) || pollsSinceReading >= Self.pollsPerReading
    }

    mutating func didRead(_ job: Job) {
        pollsSinceReading = 0
        versionRead = job.version
    }
}
