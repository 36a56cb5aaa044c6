/// A piece of a job's audio, transcribed in one engine run.
public struct Chunk: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case pending
        case running
        /// Has a result. Never changes again.
        case done
        /// The job ended without it.
        case cancelled
    }

    public var job: JobID
    public var span: ChunkSpan
    public var state: State
    /// Claims that were charged to the chunk and did not commit, plus the running one.
    public var attempts: Int
    /// Every claim, also those lost to infrastructure.
    public var claims: Int
    /// Claims that were given back. Those that were neither given back nor committed were lost with their worker.
    public var releases: Int
    /// Not to be claimed before. `nil`: at once.
    public var notBefore: Timestamp?
    public var lease: Lease?
    public var result: ChunkResult?
    public var lastFailure: JobFailure?

    public init(job: JobID, span: ChunkSpan) {
        self.job = job
        self.span = span
        state = .pending
        attempts = 0
        claims = 0
        releases = 0
    }

    public var index: Int { span.index }
}

/// Where a chunk lies in the recording. Positions are samples at 16 kHz.
public struct ChunkSpan: Sendable, Hashable, Codable {
    /// From 0 without holes.
    public var index: Int
    public var startSample: Int
    /// One past the last sample.
    public var endSample: Int
    /// How many samples at the start belong to the previous chunk too. Not 0 only after a forced cut.
    public var leadInSamples: Int
    /// The cut at the end lies inside speech; another chunk, with a lead-in, always follows.
    public var endsInForcedCut: Bool
    /// The segmenter's state at the end of the chunk, by which cutting goes on after a crash. Opaque here.
    public var checkpoint: String?

    public init(
        index: Int, startSample: Int, endSample: Int, leadInSamples: Int = 0, endsInForcedCut: Bool = false,
        checkpoint: String? = nil
    ) {
        self.index = index
        self.startSample = startSample
        self.endSample = endSample
        self.leadInSamples = leadInSamples
        self.endsInForcedCut = endsInForcedCut
        self.checkpoint = checkpoint
    }

    public static let sampleRate = 16_000

    public var startMilliseconds: Int { startSample * 1000 / Self.sampleRate }
    public var endMilliseconds: Int { endSample * 1000 / Self.sampleRate }
    /// Samples that no earlier chunk holds.
    public var ownSamples: Int { endSample - startSample - leadInSamples }
    public var duration: Duration { .milliseconds((endSample - startSample) * 1000 / Self.sampleRate) }
}
