import Logging
public import STTCore
import STTProcess

/// whisper-cli, started anew for every request. It loads the model each time and has no no-speech probability to report,
/// so it is the choice only where there is no whisper-server.
///
/// Concurrency: no state.
public struct WhisperCommandLineEngine: TranscriptionEngine {
    /// "whisper-cli"
    public let name = "whisper-cli"

    let program: String
    let models: ModelCatalogue
    let configuration: WhisperConfiguration
    let log: Logger

    private static let outputLimit = 16 * 1_024 * 1_024

    /// Runs the program once.
    public func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        let model = try models.model(named: request.model).loaded
        let language = try model.languageArgument(for: request)
        guard !request.samples.isEmpty else { return EngineResult(segments: [], language: nil, elapsed: .zero) }
        let command = ProcessCommand(
            program, arguments(request, model: model, language: language), environment: EngineEnvironment.variables,
            output: .keepHead(limit: Self.outputLimit))
        let start = ContinuousClock.now
        let outcome: ChildProcess.Outcome
        do {
            outcome = try await ChildProcess.run(
                command, input: WaveFile.encode(request.samples), timeLimit: request.timeLimit)
        } catch {
            throw .cannotStart(error)
        }
        let elapsed = ContinuousClock.now - start
        try check(outcome, request)
        let transcript = try parse(outcome)
        let spoken = transcript.languageCode
        let segments = transcript.engineSegments(endOfText: model.endOfTextToken)
        return EngineResult(
            segments: EngineSegment.transcript(segments, request: request, language: spoken), language: spoken,
            elapsed: elapsed)
    }

    /// Nothing to do: every request has a fresh process.
    public func recycle() async {}

    /// Nothing to do: no process outlives its request.
    public func shutdown() async {}

    /// The arguments, as `whisper_params_parse` in whisper-cli's source reads them.
    private func arguments(_ request: EngineRequest, model: ModelFile, language: String) -> [String] {
        let decoding = configuration.decoding
        var arguments = [
            "--model", model.path, "--threads", "\(configuration.threads)",
            "--file", "-", "--output-file", "-", "--output-json-full",
            "--language", language,
            "--prompt", request.prompt ?? "",
            "--temperature", "\(request.temperature)",
            "--temperature-inc", "\(decoding.temperatureIncrement)",
            "--beam-size", "\(decoding.beamSize)",
            "--best-of", "\(decoding.bestOf)",
            "--entropy-thold", "\(decoding.entropyThreshold)",
            "--logprob-thold", "\(decoding.logProbabilityThreshold)",
            "--no-speech-thold", "\(decoding.noSpeechThreshold)",
            "--word-thold", "\(decoding.wordThreshold)",
            "--max-context", "\(decoding.context(withPrompt: request.prompt))",
            "--max-len", "\(DecodingParameters.unlimitedSegmentLength)",
            "--audio-ctx", "\(request.audioContext)",
        ]
        if request.translate { arguments.append("--translate") }
        if decoding.suppressNonSpeech { arguments.append("--suppress-nst") }
        return arguments
    }

    private func check(_ outcome: ChildProcess.Outcome, _ request: EngineRequest) throws(EngineError) {
        if outcome.timedOut {
            throw EngineError(.timedOut, "whisper-cli gave no answer within \(request.timeLimit); it was killed")
        }
        let summary = EngineErrorOutput.summary(outcome.errorOutput)
        switch outcome.exit {
        case .status(0): return
        // Source: whisper-cli's main returns 3 when it cannot load the model.
        case .status(3): throw EngineError(.unavailable, "whisper-cli cannot load the model\(summary)")
        case let exit: throw EngineError(.crashed, "whisper-cli ended without a transcript (\(exit))\(summary)")
        }
    }

    /// whisper-cli exits 0 after some failures, so only a parsed transcript is a success.
    private func parse(_ outcome: ChildProcess.Outcome) throws(EngineError) -> CommandLineTranscript {
        do throws(EngineError) {
            return try CommandLineTranscript.parse(outcome.output)
        } catch {
            throw EngineError(
                error.code, error.message + EngineErrorOutput.summary(outcome.errorOutput), cause: error.cause)
        }
    }
}
