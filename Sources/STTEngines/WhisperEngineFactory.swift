import Glibc
public import Logging
public import STTCore
import STTProcess

/// Makes each slot's engine: a warm whisper-server where there is one, else whisper-cli.
///
/// Concurrency: immutable.
public struct WhisperEngineFactory: EngineFactory {
    /// The model that all engines use.
    public let model: ModelFile
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
        model = try ModelFile(path: configuration.modelPath)
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
            let engine = WhisperServerEngine(program: server, model: model, configuration: configuration, log: log)
            await engine.warmUp()
            return engine
        }
        return WhisperCommandLineEngine(program: commandLine, model: model, configuration: configuration, log: log)
    }

    /// What the model cannot do of what is asked, with codes `engine.unknownLanguage` and `engine.englishOnly`.
    public func refusal(of options: TranscriptionOptions) -> JobFailure? {
        model.refusal(language: options.language, translate: options.translate).map {
            JobFailure(code: $0.code, message: $0.message)
        }
    }

    private static func program(_ name: String, given: String?) throws(EngineError) -> String? {
        guard let given else { return ExecutableSearch.find(name) }
        guard let found = ExecutableSearch.find(given) else {
            throw EngineError(.unavailable, "there is no program \(given), which is set as \(name)")
        }
        return found
    }
}
