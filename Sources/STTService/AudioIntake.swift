import Logging
import RPCWire
import STTCore

/// Receives one upload: counts, hashes and stores its bytes, then makes the job.
///
/// The job is inserted only when all bytes are durable; an upload that ends early leaves nothing.
struct AudioIntake: ~Copyable {
    private let context: ServiceContext
    private let tenant: Tenant
    private let request: Request
    private let id: JobID
    /// `nil` where the idempotency key is taken: the bytes are only compared.
    private let writer: (any ObjectWriter)?
    private var hasher: SHA256Hasher
    private var byteCount = 0

    struct Request: Sendable {
        var options: TranscriptionOptions
        var filename: String
        /// `nil`: the client does not know it.
        var size: Int?
        var idempotencyKey: String?
    }

    struct Receipt: Sendable {
        var job: Job
        var isExisting: Bool
    }

    private init(
        context: ServiceContext, tenant: Tenant, request: Request, id: JobID, writer: (any ObjectWriter)?,
        hasher: consuming SHA256Hasher
    ) {
        self.context = context
        self.tenant = tenant
        self.request = request
        self.id = id
        self.writer = writer
        self.hasher = hasher
    }

    static func begin(_ request: Request, tenant: Tenant, context: ServiceContext) async throws -> AudioIntake {
        if let size = request.size { try check(size, limits: context.limits) }
        let id = JobID(at: context.clock.now)
        var isTaken = false
        if let key = request.idempotencyKey {
            isTaken = try await context.store.job(idempotencyKey: key, tenant: tenant) != nil
        }
        if !isTaken { try await checkRoom(context) }
        let writer = isTaken ? nil : try await context.objects.writer(for: .audio(of: id))
        guard let hasher = SHA256Hasher() else {
            await writer?.abort()
            throw RPCError(.resourceExhausted, "out of memory for the upload's hash; try again later")
        }
        return AudioIntake(
            context: context, tenant: tenant, request: request, id: id, writer: writer, hasher: hasher)
    }

    mutating func append(_ bytes: [UInt8]) async throws {
        byteCount += bytes.count
        try Self.check(byteCount, limits: context.limits)
        hasher.update(bytes)
        try await writer?.write(bytes)
    }

    /// Ends the upload and queues the job.
    consuming func finish() async throws -> Receipt {
        if byteCount == 0 {
            throw RPCError.refusing(
                JobFailure(code: "audio.empty", message: "the upload has no bytes; is the file empty?"))
        }
        if let size = request.size, size != byteCount {
            throw RPCError(
                .invalidArgument, "the upload has \(byteCount) bytes where \(size) were announced; send it again")
        }
        let audio = StoredAudio(
            key: .audio(of: id), byteCount: byteCount, sha256: hasher.finish(), filename: request.filename)
        let job = Job(
            id: id, tenant: tenant, idempotencyKey: request.idempotencyKey, options: request.options, audio: audio,
            createdAt: context.clock.now)
        guard let writer else { return try await receiptOfExisting(job, context: context) }
        _ = try await writer.finish()
        let insertion: JobInsertion
        do throws(PortError) {
            insertion = try await context.store.insert(job)
        } catch {
            if let stored = await Self.storedJob(job.id, context: context) {
                return Receipt(job: stored, isExisting: false)
            }
            // A store that did not answer may still carry the insertion out: then the audio has to stay, and is swept
            // at the next start where it has no job.
            if error.code != .unavailable { await Self.removeAudio(of: job.id, context: context) }
            throw error
        }
        switch insertion {
        case .inserted(let job):
            await Self.announce(job, context: context)
            return Receipt(job: job, isExisting: false)
        case .existing:
            await Self.removeAudio(of: job.id, context: context)
            return try await receiptOfExisting(job, context: context)
        }
    }

    /// Leaves no trace of the upload. Does nothing once it has been finished.
    func abort() async {
        await writer?.abort()
    }
}

extension AudioIntake {
    private static func check(_ size: Int, limits: ServiceLimits) throws(RPCError) {
        guard size > limits.maximumAudioBytes else { return }
        throw RPCError.refusing(
            JobFailure(
                code: "audio.tooLarge",
                message: "the audio has more than \(limits.maximumAudioBytes) bytes, which this server does not accept;"
                    + " compress or split it"))
    }

    private static func checkRoom(_ context: ServiceContext) async throws {
        let counts = try await context.store.counts(tenant: nil)
        let unfinished = counts.jobs.reduce(0) { $0 + ($1.key.isTerminal ? 0 : $1.value) }
        guard unfinished >= context.limits.maximumUnfinishedJobs else { return }
        throw RPCError(
            .resourceExhausted, "the queue is full: \(unfinished) jobs have not ended; try again later",
            retryAfter: .seconds(10))
    }

    private static func announce(_ job: Job, context: ServiceContext) async {
        var logger = context.logger
        logger[metadataKey: "job"] = "\(job.id)"
        logger.info(
            "job queued", metadata: ["tenant": "\(job.tenant)", "bytes": "\(job.audio.byteCount)"])
        do {
            try await context.queue.enqueue([WorkItem(.prepare, job: job.id, tenant: job.tenant)])
        } catch {
            logger.warning("not enqueued, left to the reconciler", metadata: ["error": "\(error)"])
        }
    }

    /// The job, where its insertion was carried out although that was reported as an error.
    private static func storedJob(_ id: JobID, context: ServiceContext) async -> Job? {
        do {
            return try await context.store.job(id, tenant: nil)
        } catch {
            context.logger.warning(
                "not known whether the job was inserted", metadata: ["job": "\(id)", "error": "\(error)"])
            return nil
        }
    }

    private static func removeAudio(of id: JobID, context: ServiceContext) async {
        do {
            try await context.objects.deleteAll(below: .job(id))
        } catch {
            context.logger.warning(
                "audio without a job not removed", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }
}

/// The receipt of the job that has the idempotency key, where it is the same request.
private func receiptOfExisting(_ job: Job, context: ServiceContext) async throws -> AudioIntake.Receipt {
    let key = job.idempotencyKey ?? ""
    guard let existing = try await context.store.job(idempotencyKey: key, tenant: job.tenant) else {
        throw RPCError(.aborted, "the job of idempotency key \"\(key)\" was just deleted; submit again")
    }
    guard existing.isSameRequest(as: job) else {
        throw RPCError(
            .alreadyExists,
            "idempotency key \"\(key)\" belongs to job \(existing.id), which has other audio or options;"
                + " use another key")
    }
    return AudioIntake.Receipt(job: existing, isExisting: true)
}
