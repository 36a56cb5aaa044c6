internal import CSTTProto

/// What a client asks for. A zero or empty field means the server's default.
public struct TranscriptionOptionsMessage: ProtoMessage, Hashable {
    /// ISO 639-1 code, or "auto".
    public var language: String
    /// Translate into English.
    public var translate: Bool
    /// Words that set the style and spelling. At most 1,024 bytes.
    public var prompt: String
    /// Sampling temperature in thousandths, 0 to 1000.
    public var temperatureMilli: Int
    public var wordTimestamps: Bool
    public var segmentation: Segmentation
    /// Target length of a piece, 5,000 to 29,000.
    public var chunkMilliseconds: Int
    /// How long the job and its result are kept after its end.
    public var retentionSeconds: Int
    public var channels: ChannelMode
    /// The name of one of the server's models, such as "base.en".
    public var model: String
    /// Give the end of a chunk's text to the next one as its prompt.
    public var carryPrompt: Bool

    public init(
        language: String = "", translate: Bool = false, prompt: String = "", temperatureMilli: Int = 0,
        wordTimestamps: Bool = false, segmentation: Segmentation = .unspecified, chunkMilliseconds: Int = 0,
        retentionSeconds: Int = 0, channels: ChannelMode = .unspecified, model: String = "", carryPrompt: Bool = false
    ) {
        self.language = language
        self.translate = translate
        self.prompt = prompt
        self.temperatureMilli = temperatureMilli
        self.wordTimestamps = wordTimestamps
        self.segmentation = segmentation
        self.chunkMilliseconds = chunkMilliseconds
        self.retentionSeconds = retentionSeconds
        self.channels = channels
        self.model = model
        self.carryPrompt = carryPrompt
    }
}

extension TranscriptionOptionsMessage: GeneratedMessage {
    static func initialize(_ c: UnsafeMutablePointer<Stt__V1__TranscriptionOptions>) {
        stt__v1__transcription_options__init(c)
    }

    init(_ c: Stt__V1__TranscriptionOptions, _ reader: ProtoReader) throws(ProtoError) {
        language = try reader.string(c.language)
        translate = c.translate != 0
        prompt = try reader.string(c.prompt)
        temperatureMilli = Int(c.temperature_milli)
        wordTimestamps = c.word_timestamps != 0
        segmentation = Segmentation(c.segmentation)
        chunkMilliseconds = Int(c.chunk_ms)
        retentionSeconds = Int(clamping: c.retention_seconds)
        channels = ChannelMode(c.channels)
        model = try reader.string(c.model)
        carryPrompt = c.carry_prompt != 0
    }

    func write(to c: inout Stt__V1__TranscriptionOptions, _ arena: ProtoArena) {
        c.language = arena.string(language)
        c.translate = translate ? 1 : 0
        c.prompt = arena.string(prompt)
        c.temperature_milli = UInt32(clamping: temperatureMilli)
        c.word_timestamps = wordTimestamps ? 1 : 0
        c.segmentation = segmentation.c
        c.chunk_ms = UInt32(clamping: chunkMilliseconds)
        c.retention_seconds = UInt64(clamping: retentionSeconds)
        c.channels = channels.c
        c.model = arena.string(model)
        c.carry_prompt = carryPrompt ? 1 : 0
    }
}
