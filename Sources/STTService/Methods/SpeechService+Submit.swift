import Logging
import RPCServer
import STTCore
import STTProto

extension SpeechService {
    func submit(_ requests: InboundMessages<SubmitRequest>, _ call: CallContext) async throws -> SubmitReply {
        var iterator = requests.makeAsyncIterator()
        guard case .options(let options) = try await iterator.next() else {
            throw RPCError(.invalidArgument, "the first message of Submit must be the options")
        }
        var intake = try await AudioIntake.begin(
            try await intakeRequest(options, call), tenant: tenant(of: call), context: context)
        do {
            while let request = try await iterator.next() {
                guard case .audio(let bytes) = request else {
                    throw RPCError(.invalidArgument, "after the options, Submit takes audio only")
                }
                try await intake.append(bytes)
            }
            try Task.checkCancellation()
        } catch {
            await intake.abort()
            throw error
        }
        let receipt = try await intake.finish()
        return SubmitReply(
            jobID: receipt.job.id.description, audioBytes: receipt.job.audio.byteCount,
            audioSHA256: receipt.job.audio.sha256, existing: receipt.isExisting)
    }

    private func intakeRequest(_ options: SubmitOptions, _ call: CallContext) async throws -> AudioIntake.Request {
        let message = options.transcription ?? TranscriptionOptionsMessage()
        let transcription = try OptionsValidation.options(from: message, limits: context.limits)
        if let refusal = await context.refusal(transcription) { throw RPCError.refusing(refusal) }
        let key = options.idempotencyKey.isEmpty ? call.idempotencyKey ?? "" : options.idempotencyKey
        guard key.utf8.count <= 255 else {
            throw RPCError(.invalidArgument, "the idempotency key has \(key.utf8.count) bytes; at most 255 are allowed")
        }
        return AudioIntake.Request(
            options: transcription, filename: try OptionsValidation.filename(options.filename),
            size: options.sizeBytes == 0 ? nil : options.sizeBytes, idempotencyKey: key.isEmpty ? nil : key)
    }
}
