/// What the client asked for. Stored with the job and never changed.
public struct TranscriptionOptions: Sendable, Hashable, Codable {
    public enum Segmentation: String, Sendable, Codable, CaseIterable {
        /// Cut at silences.
        case silence
        /// Cut at regular intervals, at the quietest point near by.
        case fixed
    }

    /// ISO 639-1 code. `nil`: detect.
    public var language: String?
    /// Translate into English.
    public var translate: Bool
    /// Words that set style and spelling. At most 1,024 bytes.
    public var prompt: String?
    /// Sampling temperature, 0 to 1.
    public var temperature: Double
    public var wordTimestamps: Bool
    public var segmentation: Segmentation
    /// Target length of a chunk in seconds, 5 to 29. `nil`: the segmenter's default.
    public var chunkSeconds: Double?
    /// How long the job is kept after its end, in seconds. `nil`: the server's default.
    public var retentionSeconds: Int?

    public init(
        language: String? = nil, translate: Bool = false, prompt: String? = nil, temperature: Double = 0,
        wordTimestamps: Bool = false, segmentation: Segmentation = .silence, chunkSeconds: Double? = nil,
        retentionSeconds: Int? = nil
    ) {
        self.language = language
        self.translate = translate
        self.prompt = prompt
        self.temperature = temperature
        self.wordTimestamps = wordTimestamps
        self.segmentation = segmentation
        self.chunkSeconds = chunkSeconds
        self.retentionSeconds = retentionSeconds
    }
}
