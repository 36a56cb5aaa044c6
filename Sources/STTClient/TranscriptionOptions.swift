public import STTProto

/// How a recording is to be transcribed.
public struct TranscriptionOptions: Sendable, Hashable {
    /// ISO 639-1 code, or "auto". `nil`: the server's default.
    public var language: String?
    /// Translate into English.
    public var translate: Bool
    /// Words that set style and spelling. At most 1,024 bytes.
    public var prompt: String?
    /// Sampling temperature, 0 to 1.
    public var temperature: Double
    /// Give every word its time.
    public var wordTimestamps: Bool
    /// `nil`: the server's default.
    public var segmentation: Segmentation?
    /// Target length of a chunk, 5 s to 29 s. `nil`: the server's default.
    public var chunkLength: Duration?
    /// How long the job and its result are kept after its end. `nil`: the server's default.
    public var retention: Duration?
    /// `nil`: the server's default, which is mixed.
    public var channels: ChannelMode?
    /// The name of one of the server's models, such as "base.en". `nil`: the server's default.
    public var model: String?
    /// Give the end of a chunk's text to the next one as its prompt. Chunks then wait for one another.
    public var carriesPrompt: Bool

    /// The server's defaults, but for what is given.
    public init(
        language: String? = nil, translate: Bool = false, prompt: String? = nil, temperature: Double = 0,
        wordTimestamps: Bool = false, segmentation: Segmentation? = nil, chunkLength: Duration? = nil,
        retention: Duration? = nil, channels: ChannelMode? = nil, model: String? = nil, carriesPrompt: Bool = false
    ) {
        self.language = language
        self.translate = translate
        self.prompt = prompt
        self.temperature = temperature
        self.wordTimestamps = wordTimestamps
        self.segmentation = segmentation
        self.chunkLength = chunkLength
        self.retention = retention
        self.channels = channels
        self.model = model
        self.carriesPrompt = carriesPrompt
    }

    /// - Throws: ``SpeechError`` with ``SpeechError/Code/invalidArgument`` where a value cannot be expressed; what the
    ///   server accepts beyond that is its own matter.
    func message() throws(SpeechError) -> TranscriptionOptionsMessage {
        guard (0...1).contains(temperature) else {
            throw SpeechError(.invalidArgument, "the temperature must be from 0 to 1, not \(temperature)")
        }
        if let chunkLength, chunkLength < .milliseconds(1) {
            throw SpeechError(.invalidArgument, "the chunk length must be more than 0")
        }
        if let retention, retention < .seconds(1) {
            throw SpeechError(.invalidArgument, "the retention must be at least one second")
        }
        return TranscriptionOptionsMessage(
            language: language ?? "", translate: translate, prompt: prompt ?? "",
            temperatureMilli: Int((temperature * 1000).rounded()), wordTimestamps: wordTimestamps,
            segmentation: segmentation ?? .unspecified, chunkMilliseconds: chunkLength?.wholeMilliseconds ?? 0,
            retentionSeconds: (retention?.wholeMilliseconds ?? 0) / 1000, channels: channels ?? .unspecified,
            model: model ?? "", carryPrompt: carriesPrompt)
    }
}

extension Duration {
    /// Rounded down; the largest `Int` where it does not fit.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        return Int(whole) + Int(attoseconds / 1_000_000_000_000_000)
    }
}
