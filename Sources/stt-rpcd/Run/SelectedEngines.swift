import STTCore
import STTEngines

/// The engines that the settings choose.
struct SelectedEngines: EngineFactory {
    /// Such as "whisper-server".
    let engineName: String
    /// Whether the default model knows more than English.
    let isMultilingual: Bool
    /// What jobs may ask for at the moment.
    let models: @Sendable () -> [WorkerReport.Model]?
    private let factory: any EngineFactory

    init(_ whisper: WhisperEngineFactory) {
        engineName = whisper.engineName
        isMultilingual = whisper.model.isMultilingual
        models = { [models = whisper.models] in models.offered }
        factory = whisper
    }

    init(_ remote: OpenAIEngineFactory) {
        engineName = OpenAIEngineFactory.engineName
        isMultilingual = remote.isMultilingual
        models = { remote.offered }
        factory = remote
    }

    var modelName: String { factory.modelName }

    func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine {
        try await factory.makeEngine(slot: slot)
    }

    func refusal(of options: TranscriptionOptions) -> JobFailure? { factory.refusal(of: options) }
}
