/// One Whisper engine. A slot owns it and gives it one request at a time.
public protocol TranscriptionEngine: Sendable {
    /// Such as "whisper-server".
    var name: String { get }

    /// Transcribes up to 30 s of audio. Cancelling the task stops the computation at once.
    func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult

    /// Answers the next request from a fresh process.
    func recycle() async

    /// Ends the engine's processes. It is not used afterwards.
    func shutdown() async
}

/// Makes the engine of a slot.
public protocol EngineFactory: Sendable {
    /// Name of the model that the engines run, such as "tiny.en".
    var modelName: String { get }
    func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine
    /// `nil` where the model can do the language and the task; else what is wrong and what to do.
    func refusal(of options: TranscriptionOptions) -> JobFailure?
}

/// How much of Whisper's window of 30 s the encoder computes.
public enum EngineWindow: String, Sendable, Hashable, Codable, CaseIterable {
    /// All of it, as the model was trained.
    case full
    /// What the audio fills, with a margin. Faster, and at times wrong: the result has to be judged.
    case fitted
}

public struct EngineRequest: Sendable {
    /// 16 kHz mono.
    public var samples: [Int16]
    /// ISO 639-1 code. `nil`: detect.
    public var language: String?
    public var translate: Bool
    public var prompt: String?
    /// 0 to 1.
    public var temperature: Double
    public var wordTimestamps: Bool
    public var window: EngineWindow
    /// Name of the model; `nil`: the engine's default.
    public var model: String?
    /// After this the attempt counts as hung.
    public var timeLimit: Duration

    public init(
        samples: [Int16], language: String? = nil, translate: Bool = false, prompt: String? = nil,
        temperature: Double = 0, wordTimestamps: Bool = false, window: EngineWindow = .full, model: String? = nil,
        timeLimit: Duration
    ) {
        self.samples = samples
        self.language = language
        self.translate = translate
        self.prompt = prompt
        self.temperature = temperature
        self.wordTimestamps = wordTimestamps
        self.window = window
        self.model = model
        self.timeLimit = timeLimit
    }
}

/// Times are milliseconds from the start of the request's audio.
public struct EngineResult: Sendable, Hashable {
    public var segments: [TranscriptSegment]
    public var language: String?
    public var elapsed: Duration

    public init(segments: [TranscriptSegment], language: String?, elapsed: Duration) {
        self.segments = segments
        self.language = language
        self.elapsed = elapsed
    }
}

public struct EngineError: Error, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        /// The process ended in mid-request.
        case crashed
        /// No answer within the time limit.
        case timedOut
        /// It answered with something that is not a transcript.
        case invalidOutput
        /// It refused the request, for a reason that will not go away.
        case rejected
        /// It cannot be started: program or model missing, no memory. Not the chunk's fault.
        case unavailable
        case cancelled
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the attempt counts against the chunk.
    public var chargesChunk: Bool {
        switch code {
        case .crashed, .timedOut, .invalidOutput, .rejected: true
        case .unavailable, .cancelled: false
        }
    }
}
