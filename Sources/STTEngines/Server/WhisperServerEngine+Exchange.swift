import STTCore
import STTHTTP

extension WhisperServerEngine {
    /// The form of a request, as `get_req_parameters` in whisper-server's source reads it.
    func form(_ request: EngineRequest, language: String, audioContext: Int) -> [HTTPRequest.Field] {
        let decoding = configuration.decoding
        return [
            HTTPRequest.Field("file", file: WaveFile.encode(request.samples), fileName: "chunk.wav"),
            HTTPRequest.Field("response_format", "verbose_json"),
            // Would run the encoder once more.
            HTTPRequest.Field("no_language_probabilities", "true"),
            HTTPRequest.Field("language", language),
            HTTPRequest.Field("translate", "\(request.translate)"),
            HTTPRequest.Field("prompt", request.prompt ?? ""),
            HTTPRequest.Field("temperature", "\(request.temperature)"),
            // A fitted run that went wrong is made again with the full window instead.
            HTTPRequest.Field("temperature_inc", "\(request.window == .fitted ? 0 : decoding.temperatureIncrement)"),
            HTTPRequest.Field("beam_size", "\(decoding.beamSize)"),
            HTTPRequest.Field("best_of", "\(decoding.bestOf)"),
            HTTPRequest.Field("entropy_thold", "\(decoding.entropyThreshold)"),
            HTTPRequest.Field("logprob_thold", "\(decoding.logProbabilityThreshold)"),
            HTTPRequest.Field("no_speech_thold", "\(decoding.noSpeechThreshold)"),
            HTTPRequest.Field("word_thold", "\(decoding.wordThreshold)"),
            HTTPRequest.Field("max_context", "\(decoding.context(withPrompt: request.prompt))"),
            HTTPRequest.Field("max_len", "\(DecodingParameters.unlimitedSegmentLength)"),
            HTTPRequest.Field("audio_ctx", "\(audioContext)"),
            HTTPRequest.Field("suppress_nst", "\(decoding.suppressNonSpeech)"),
            HTTPRequest.Field("no_timestamps", "false"),
            HTTPRequest.Field("token_timestamps", "true"),
        ]
    }

    /// Judges what came back.
    func transcript(
        of reply: Result<HTTPResponse, HTTPFailure>, _ server: WhisperServerProcess, _ request: EngineRequest
    ) async throws(EngineError) -> ServerTranscript {
        guard !Task.isCancelled else { throw .cancelled }
        switch reply {
        case .success(let response) where response.status == 200: return try ServerTranscript.parse(response.body)
        case .success(let response): throw refusal(response)
        case .failure(.timedOut):
            throw EngineError(.timedOut, "whisper-server gave no answer within \(request.timeLimit); it was killed")
        case .failure(.tooLong): throw EngineError(.invalidOutput, "whisper-server's answer has no end; it was killed")
        case .failure(.noResources): throw EngineError(.unavailable, "libcurl has no memory or no thread for a request")
        case .failure(.cancelled): throw isShutDown ? EngineError(.unavailable, "shut down in mid-request") : .cancelled
        case .failure(let failure): throw await crash(failure, server)
        }
    }

    private func refusal(_ response: HTTPResponse) -> EngineError {
        let body = String(decoding: response.body.prefix(200), as: UTF8.self)
            .split(whereSeparator: \.isNewline).joined(separator: " ")
        let message = "whisper-server answered \(response.status): \(body)"
        return switch response.status {
        case 400, 413, 415: EngineError(.rejected, message)
        case 404: EngineError(.unavailable, message)
        default: EngineError(.invalidOutput, message)
        }
    }

    /// The connection broke: the process has ended, or is stopped here because it does not talk HTTP any more.
    private func crash(_ failure: HTTPFailure, _ server: WhisperServerProcess) async -> EngineError {
        if isShutDown { return EngineError(.unavailable, "whisper-server was shut down in mid-request") }
        // The connection breaks a moment before the kernel reports the end of the process.
        let exit = await server.exitWithinMoment()
        await server.stop()
        let how = exit.map { "whisper-server ended in mid-request (\($0))" } ?? "whisper-server broke off: \(failure)"
        return EngineError(.crashed, how + (await server.errorSummary()), cause: failure)
    }
}
