import Logging
import RPCServer
import RPCTransport
import RPCWire
import STTCore
import STTProto

extension SpeechService {
    func submit(
        _ requests: InboundMessages<SubmitRequest>, _ replies: OutboundMessages<SubmitReply>, _ call: CallContext
    ) async throws -> SubmitReply {
        try await UploadWatch.run(limit: context.limits.uploadIdleTimeout) { watch in
            try await receive(requests, replies, call, watch)
        }
    }

    private func receive(
        _ requests: InboundMessages<SubmitRequest>, _ replies: OutboundMessages<SubmitReply>, _ call: CallContext,
        _ watch: UploadWatch
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
        let audio = UploadedAudio(iterator, watch)
        do {
            try await AudioImport(context: context).run(request.origin, into: intake)
            if request.isEarly, let early = try await beginEarly(intake, audio) {
                return try await receive(audio, into: intake, early, replies)
            }
            return try await receive(audio, into: intake)
        } catch {
            await intake.abort()
            throw error
        }
    }

    private func receive(_ audio: UploadedAudio, into intake: AudioIntake) async throws -> SubmitReply {
        while let bytes = try await audio.next() { try await intake.append(bytes) }
        try Task.checkCancellation()
        let issued = readings.instant
        let receipt = try await intake.finish()
        readings.wrote(receipt.job, issued: issued)
        return SubmitReply(receipt)
    }

    /// Reads as much as decides whether the recording can be cut while it is received, and begins.
    private func beginEarly(_ intake: AudioIntake, _ audio: UploadedAudio) async throws -> (any EarlyRecording)? {
        var first: [UInt8] = []
        while first.count < EarlyRecordings.decisiveBytes, let bytes = try await audio.next() { first += bytes }
        let early = try await intake.cutEarly(first)
        if !first.isEmpty { try await intake.append(first) }
        return early
    }

    /// Receives a recording that is cut meanwhile: where its job ends before it is complete, so does the call.
    private func receive(
        _ audio: UploadedAudio, into intake: AudioIntake, _ early: any EarlyRecording,
        _ replies: OutboundMessages<SubmitReply>
    ) async throws -> SubmitReply {
        try await replies.send(SubmitReply(jobID: early.job.id.description, receiving: true))
        return try await withThrowingTaskGroup(of: SubmitReply?.self) { group in
            group.addTask {
                do {
                    return try await receive(audio, into: intake)
                } catch {
                    // Ends the wait of the other task, without which the group would not end.
                    await intake.abort()
                    throw error
                }
            }
            group.addTask {
                guard let ending = await early.ending(), !Task.isCancelled else { return nil }
                throw try await self.error(for: ending, of: early.job.id)
            }
            defer { group.cancelAll() }
            while let reply = try await group.next() {
                if let reply { return reply }
            }
            throw CancellationError()
        }
    }

    private func error(for ending: EarlyEnding, of id: JobID) async throws -> RPCError {
        if case .failed(let failure) = ending { return RPCError.refusing(failure) }
        return RPCError.ended(id, try await context.store.job(id, tenant: nil))
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
            priority: priority, origin: try AudioOrigin(options, context: context, tenant: tenant(of: call)),
            isEarly: options.transcribeWhileUploading)
    }
}

/// The audio that a client sends after the options.
///
/// Concurrency: used by one task at a time, one after another.
private final class UploadedAudio: @unchecked Sendable {
    private var iterator: InboundMessages<SubmitRequest>.AsyncIterator
    private let watch: UploadWatch

    init(_ iterator: InboundMessages<SubmitRequest>.AsyncIterator, _ watch: UploadWatch) {
        self.iterator = iterator
        self.watch = watch
    }

    /// `nil` after the last bytes.
    func next() async throws -> [UInt8]? {
        guard let request = try await watch.next(&iterator) else { return nil }
        guard case .audio(let bytes) = request else {
            throw RPCError(.invalidArgument, "after the options, Submit takes audio only")
        }
        return bytes
    }
}

extension SubmitReply {
    init(_ receipt: AudioIntake.Receipt) {
        self.init(
            jobID: receipt.job.id.description, audioBytes: receipt.job.audio.byteCount,
            audioSHA256: receipt.job.audio.sha256, existing: receipt.isExisting)
    }
}
