import Glibc
public import Logging
public import STTCore
import STTProcess

/// Makes each slot's engine: a warm whisper-server where there is one, else whisper-cli.
///
/// Concurrency: immutable.
public struct WhisperEngineFactory: EngineFactory {
    /// The models that can be asked for.
    public let models: ModelCatalogue
    /// The model where none is asked for.
    public var model: ModelFile { models.standard.file }
    /// The engine that slots get: "whisper-server" or "whisper-cli".
    public var engineName: String { server == nil ? "whisper-cli" : "whisper-server" }
    /// The file of that engine's program.
    public var program: String { server ?? commandLine }

    public var modelName: String { model.name }

    private let configuration: WhisperConfiguration
    private let server: String?
    private let commandLine: String
    private let log: Logger

    /// Looks for the programs and reads the model's header.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` that says what is missing.
    public init(_ configuration: WhisperConfiguration, log: Logger) throws(EngineError) {
        models = try ModelCatalogue(
            standardPath: configuration.modelPath, folder: configuration.modelFolder,
            allowed: configuration.modelNames, prefersBFloat16: configuration.prefersBFloat16, log: log)
        let server =
            try configuration.usesServer
            ? Self.program("whisper-server", given: configuration.serverPath) : nil
        let commandLine = try Self.program("whisper-cli", given: configuration.commandLinePath)
        guard server != nil || commandLine != nil else {
            let message =
                "neither whisper-server nor whisper-cli of whisper.cpp is on PATH; install it or give its path"
            throw EngineError(.unavailable, message)
        }
        self.server = server
        self.commandLine = commandLine ?? ""
        self.configuration = configuration
        self.log = log
    }

    /// The engine of a slot. A server begins to start at once; whisper-cli starts with each request.
    public func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine {
        var log = log
        log[metadataKey: "slot"] = "\(slot)"
        if let server {
            let engine = WhisperServerEngine(program: server, models: models, configuration: configuration, log: log)
            await engine.warmUp()
            return engine
        }
        return WhisperCommandLineEngine(program: commandLine, models: models, configuration: configuration, log: log)
    }

    /// What the model that is asked for cannot do, with codes `engine.unknownModel`, `engine.unknownLanguage` and
    /// `engine.englishOnly`.
    public func refusal(of options: TranscriptionOptions) -> JobFailure? { models.refusal(of: options) }

    private static func program(_ name: String, given: String?) throws(EngineError) -> String? {
        guard let given else { return ExecutableSearch.find(name) }
        guard let found = ExecutableSearch.find(given) else {
            throw EngineError(.unavailable, "there is no program \(given), which is set as \(name)")
        }
        return found
    }
}
