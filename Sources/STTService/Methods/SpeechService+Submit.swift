import Logging
import RPCServer
import STTCore
import STTProto

extension SpeechService {
    func submit(_ requests: InboundMessages<SubmitRequest>, _ call: CallContext) async throws -> SubmitReply {
        try await UploadWatch.run(limit: context.limits.uploadIdleTimeout) { watch in
            try await receive(requests, call, watch)
        }
    }

    private func receive(
        _ requests: InboundMessages<SubmitRequest>, _ call: CallContext, _ watch: UploadWatch
    ) async throws -> SubmitReply {
        var iterator = requests.makeAsyncIterator()
        guard case .options(let options) = try await watch.next(&iterator) else {
            throw RPCError(.invalidArgument, "the first message of Submit must be the options")
        }
        let request = try intakeRequest(options, call)
        if request.origin != .upload, try await watch.next(&iterator) != nil {
            throw RPCError(.invalidArgument, "audio follows options that say where the audio is; send one of them")
        }
        let existing = try await existingJob(for: request, tenant: tenant(of: call))
        if let existing {
            guard existing.options == request.options else { throw RPCError.keyBelongs(to: existing) }
            // What the source holds by now does not matter.
            if let source = request.origin.source, source == existing.audio.source {
                return SubmitReply(AudioIntake.Receipt(job: existing, isExisting: true))
            }
        } else if let refusal = await context.refusal(request.options) {
            throw RPCError.refusing(refusal)
        }
        let intake = try await AudioIntake.begin(
            request, keyIsTaken: existing != nil, tenant: tenant(of: call), context: context, admission: admission,
            quotas: quotas)
        do {
            try await AudioImport(context: context).run(request.origin, into: intake)
            while let request = try await watch.next(&iterator) {
                guard case .audio(let bytes) = request else {
                    throw RPCError(.invalidArgument, "after the options, Submit takes audio only")
                }
                try await intake.append(bytes)
            }
            try Task.checkCancellation()
            let issued = readings.instant
            let receipt = try await intake.finish()
            readings.wrote(receipt.job, issued: issued)
            return SubmitReply(receipt)
        } catch {
            await intake.abort()
            throw error
        }
    }

    private func existingJob(for request: AudioIntake.Request, tenant: Tenant) async throws -> Job? {
        guard let key = request.idempotencyKey else { return nil }
        return try await context.store.job(idempotencyKey: key, tenant: tenant)
    }

    private func intakeRequest(_ options: SubmitOptions, _ call: CallContext) throws -> AudioIntake.Request {
        let message = options.transcription ?? TranscriptionOptionsMessage()
        let transcription = try OptionsValidation.options(from: message, limits: context.limits)
        let key = options.idempotencyKey.isEmpty ? call.idempotencyKey ?? "" : options.idempotencyKey
        guard key.utf8.count <= 255 else {
            throw RPCError(.invalidArgument, "the idempotency key has \(key.utf8.count) bytes; at most 255 are allowed")
        }
        guard let priority = JobPriority(options.priority) else {
            throw RPCError(.invalidArgument, "this server knows the priorities high, normal and low only")
        }
        return AudioIntake.Request(
            options: transcription, filename: try OptionsValidation.filename(options.filename),
            size: options.sizeBytes == 0 ? nil : options.sizeBytes, idempotencyKey: key.isEmpty ? nil : key,
            priority: priority, origin: try AudioOrigin(options, context: context, tenant: tenant(of: call)))
    }
}

extension SubmitReply {
    init(_ receipt: AudioIntake.Receipt) {
        self.init(
            jobID: receipt.job.id.description, audioBytes: receipt.job.audio.byteCount,
            audioSHA256: receipt.job.audio.sha256, existing: receipt.isExisting)
    }
}
