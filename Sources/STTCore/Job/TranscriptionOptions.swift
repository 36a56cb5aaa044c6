/// What the client asked for. Stored with the job and never changed.
public struct TranscriptionOptions: Sendable, Hashable, Codable {
    public enum Segmentation: String, Sendable, Codable, CaseIterable {
        /// `speech` where the worker has a voice activity model, else `silence`.
        case automatic
        /// Cut between stretches of speech, as a voice activity model finds them; what is not speech is left out.
        case speech
        /// Cut at silences.
        case silence
        /// Cut at regular intervals, at the quietest point near by.
        case fixed
    }

    public enum Channels: String, Sendable, Codable, CaseIterable {
        /// All channels as one.
        case mixed
        /// Each channel on its own, as in a call with one party on each; the segments tell which.
        case separate
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
    public var channels: Channels
    /// Name of a model, such as "base.en". `nil`: the worker's default.
    public var model: String?
    /// Give the end of a chunk's text to the next one as its prompt. Chunks then wait for one another.
    public var carriesPrompt: Bool

    public init(
        language: String? = nil, translate: Bool = false, prompt: String? = nil, temperature: Double = 0,
        wordTimestamps: Bool = false, segmentation: Segmentation = .automatic, chunkSeconds: Double? = nil,
        retentionSeconds: Int? = nil, channels: Channels = .mixed, model: String? = nil, carriesPrompt: Bool = false
    ) {
        self.language = language
        self.translate = translate
        self.prompt = prompt
        self.temperature = temperature
        self.wordTimestamps = wordTimestamps
        self.segmentation = segmentation
        self.chunkSeconds = chunkSeconds
        self.retentionSeconds = retentionSeconds
        self.channels = channels
        self.model = model
        self.carriesPrompt = carriesPrompt
    }
}
