public import Logging
public import STTCore
import STTHTTP

/// Makes engines that ask a server over HTTP. They share its connections, and keep to one limit of requests together.
///
/// Concurrency: immutable.
public struct OpenAIEngineFactory: EngineFactory {
    /// "openai"
    public static let engineName = "openai"

    let shared: OpenAIConnection

    /// - Throws: ``EngineError`` with code `unavailable` that says what of the configuration cannot be used. Whether the
    ///   server answers shows with the first request.
    public init(_ configuration: OpenAIConfiguration, log: Logger) throws(EngineError) {
        shared = try OpenAIConnection(configuration, log: log)
    }

    public var modelName: String { shared.configuration.models.first ?? "" }

    /// Whether the default model knows more than English, as far as its name tells.
    public var isMultilingual: Bool { Self.isMultilingual(modelName) }

    /// The models that jobs may ask for.
    public var offered: [WorkerReport.Model] {
        shared.configuration.models.map { WorkerReport.Model(name: $0, isMultilingual: Self.isMultilingual($0)) }
    }

    public func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine {
        OpenAIEngine(shared, slot: slot)
    }

    /// With codes `engine.unknownModel`, `engine.unknownLanguage` and `engine.englishOnly`.
    public func refusal(of options: TranscriptionOptions) -> JobFailure? {
        let models = shared.configuration.models
        let model = options.model ?? modelName
        guard models.contains(model) else {
            return JobFailure(
                code: "engine.unknownModel",
                message: "there is no model \"\(model)\" here; there is \(models.joined(separator: ", "))")
        }
        if let language = options.language, language != "auto", !WhisperLanguage.isKnown(language) {
            return JobFailure(
                code: "engine.unknownLanguage",
                message: "Whisper does not know the language \"\(language)\"; give an ISO 639-1 code such as \"en\"")
        }
        guard !Self.isMultilingual(model) else { return nil }
        if let language = options.language, !["auto", "en"].contains(language) {
            return JobFailure(
                code: "engine.englishOnly",
                message:
                    "the model \(model) understands English only, not \"\(language)\"; it needs a multilingual model")
        }
        guard options.translate else { return nil }
        return JobFailure(
            code: "engine.englishOnly", message: "the model \(model) is English only and cannot translate")
    }

    /// Whisper's English models end with ".en", such as "Systran/faster-whisper-small.en".
    static func isMultilingual(_ model: String) -> Bool { !model.hasSuffix(".en") }
}

/// What the engines of a factory share.
///
/// Concurrency: immutable; its parts protect themselves.
struct OpenAIConnection: Sendable {
    let configuration: OpenAIConfiguration
    let endpoints: [String]
    let client: HTTPClient
    let limiter: RequestLimiter
    let forms = AnswerForms()
    let log: Logger

    init(
        _ configuration: OpenAIConfiguration, log: Logger, time: EngineTime = EngineTime()
    ) throws(EngineError) {
        endpoints = try configuration.endpoints()
        guard configuration.models.first?.isEmpty == false else {
            throw EngineError(.unavailable, "no model of the transcription server is named")
        }
        _ = try configuration.key.read()
        do throws(HTTPFailure) {
            // A try that is cancelled holds its place until the client's thread has removed it.
            client = try HTTPClient(maximumConnections: configuration.concurrency + 8)
        } catch {
            throw EngineError(.unavailable, "libcurl cannot be set up: \(error)", cause: error)
        }
        limiter = RequestLimiter(
            endpoints: endpoints.count, requestsPerSecond: configuration.requestsPerSecond,
            concurrency: configuration.concurrency, longestPause: configuration.longestPause, time: time)
        self.configuration = configuration
        self.log = log
    }
}
