import Logging
import RPCWire
import STTCore

/// Receives one recording: counts, hashes and stores its bytes, then makes the job.
///
/// The job is inserted only when all bytes are durable, unless the recording is cut while it is received; a recording that
/// ends early leaves nothing in either case.
///
/// Concurrency: an actor, used by one task at a time.
actor AudioIntake {
    let context: ServiceContext
    private let tenant: Tenant
    private var request: Request
    let id: JobID
    /// `nil` where the idempotency key is taken: the bytes are only compared.
    private let writer: (any ObjectWriter)?
    private var hasher: SHA256Hasher
    private var byteCount = 0
    /// Where it is cut while it is received.
    private(set) var early: (any EarlyRecording)?
    /// `nil` where the idempotency key is taken, and once it is given back.
    private var place: Place?

    struct Request: Sendable {
        var options: TranscriptionOptions
        var filename: String
        /// `nil`: the client does not know it.
        var size: Int?
        var idempotencyKey: String?
        var priority = JobPriority.normal
        var origin = AudioOrigin.upload
        /// Whether the client wants it transcribed while it is sent.
        var isEarly = false
    }

    /// What an upload takes of the service's bounds and of its tenant's.
    private struct Place: Sendable {
        /// `nil` once the store counts the job.
        var admission: AdmissionGauge?
        var allowance: UploadAllowance?

        func leave(inserted: Bool) {
            admission?.leave(inserted: inserted)
            allowance?.leave(inserted: inserted)
        }

        mutating func isInserted() {
            admission?.leave(inserted: true)
            admission = nil
        }
    }

    struct Receipt: Sendable {
        var job: Job
        var isExisting: Bool
    }

    private init(
        context: ServiceContext, place: Place?, tenant: Tenant, request: Request, id: JobID,
        writer: (any ObjectWriter)?, hasher: consuming SHA256Hasher
    ) {
        self.context = context
        self.place = place
        self.tenant = tenant
        self.request = request
        self.id = id
        self.writer = writer
        self.hasher = hasher
    }

    /// - Parameter keyIsTaken: There is a job of this idempotency key: nothing is stored, the bytes are compared.
    static func begin(
        _ request: Request, keyIsTaken: Bool, tenant: Tenant, context: ServiceContext, admission: AdmissionGauge,
        quotas: UploadQuotas? = nil
    ) async throws -> AudioIntake {
        if let size = request.size { try check(size, limits: context.limits) }
        guard let hasher = SHA256Hasher() else {
            throw RPCError(.resourceExhausted, "out of memory for the upload's hash; try again later")
        }
        let id = JobID(at: context.clock.now)
        var writer: (any ObjectWriter)?
        var place: Place?
        if !keyIsTaken {
            let allowance = try await quotas?.begin(tenant, size: request.size)
            do {
                try await admission.enter()
            } catch {
                allowance?.leave(inserted: false)
                throw error
            }
            let taken = Place(admission: admission, allowance: allowance)
            do throws(PortError) {
                writer = try await context.objects.writer(for: .audio(of: id))
            } catch {
                taken.leave(inserted: false)
                throw error
            }
            place = taken
        }
        return AudioIntake(
            context: context, place: place, tenant: tenant, request: request, id: id, writer: writer,
            hasher: hasher)
    }

    /// Has the recording cut while it is received, where the client wants that and the server does it.
    /// - Parameter firstBytes: What is going to be appended first.
    func cutEarly(_ firstBytes: [UInt8]) async throws -> (any EarlyRecording)? {
        guard request.isEarly, writer != nil, let preparation = context.early else { return nil }
        let job = Job(
            id: id, tenant: tenant, options: request.options, priority: request.priority,
            audio: .receiving(.audio(of: id), filename: request.filename), createdAt: context.clock.now)
        early = try await preparation.begin(job, size: request.size, firstBytes: firstBytes)
        if early != nil { place?.isInserted() }
        return early
    }

    func append(_ bytes: [UInt8]) async throws {
        byteCount += bytes.count
        try Self.check(byteCount, limits: context.limits)
        try place?.allowance?.take(bytes.count)
        hasher.update(bytes)
        await early?.append(bytes)
        try await writer?.write(bytes)
    }

    /// Names a recording that the client did not name.
    /// - Parameter path: Only its last part is taken.
    func name(_ path: String) {
        if request.filename.isEmpty { request.filename = OptionsValidation.filename(cutting: path) }
    }

    /// Ends the recording and queues the job.
    func finish() async throws -> Receipt {
        if byteCount == 0 {
            throw RPCError.refusing(
                JobFailure(code: "audio.empty", message: "the audio has no bytes; is the file empty?"))
        }
        if let size = request.size, size != byteCount {
            throw RPCError(
                .invalidArgument, "the audio has \(byteCount) bytes where \(size) were announced; send it again")
        }
        let job = Job(
            id: id, tenant: tenant, idempotencyKey: request.idempotencyKey, options: request.options,
            priority: request.priority,
            audio: StoredAudio(
                key: .audio(of: id), byteCount: byteCount, sha256: hasher.finish(), filename: request.filename,
                source: request.origin.source), createdAt: context.clock.now)
        guard let writer else { return try await receiptOfExisting(for: job) }
        _ = try await writer.finish()
        if let early {
            let receipt = try await finish(early, with: job)
            leave(inserted: true)
            return receipt
        }
        let insertion = try await insert(job)
        switch insertion {
        case .existing(let other) where other.id != job.id:
            leave(inserted: false)
            await removeAudio()
            return try receipt(of: other, for: job)
        case .inserted(let job), .existing(let job):
            leave(inserted: true)
            await announce(job)
            return Receipt(job: job, isExisting: false)
        }
    }

    /// Leaves no trace of the upload. Does nothing once it has become a job.
    func abort() async {
        leave(inserted: false)
        if let early { await remove(early) }
        await writer?.abort()
    }

    private func leave(inserted: Bool) {
        place?.leave(inserted: inserted)
        place = nil
    }
}

extension AudioIntake {
    static func check(_ size: Int, limits: ServiceLimits) throws(RPCError) {
        guard size > limits.maximumAudioBytes else { return }
        throw RPCError.refusing(
            JobFailure(
                code: "audio.tooLarge",
                message: "the audio has more than \(limits.maximumAudioBytes) bytes, which this server does not accept;"
                    + " compress or split it"))
    }

    /// How often an insertion is tried again whose outcome is not known, before the client is told to.
    static let insertionPauses = [Duration.milliseconds(250), .seconds(1), .seconds(3)]

    /// Inserts the job. A repetition does no harm: the store knows the job by its id.
    private func insert(_ job: Job) async throws -> JobInsertion {
        var pauses = Self.insertionPauses.makeIterator()
        while true {
            do throws(PortError) {
                return try await context.store.insert(job)
            } catch {
                // A store that did not answer may still carry the insertion out: then the audio has to stay, and is
                // swept later where it has no job.
                guard error.code == .unavailable else {
                    await removeAudio()
                    throw error
                }
                context.logger.warning(
                    "not known whether the job was inserted", metadata: ["job": "\(id)", "error": "\(error)"])
                guard let pause = pauses.next(), (try? await Task.sleep(for: pause)) != nil else { throw error }
            }
        }
    }

    private func announce(_ job: Job) async {
        var logger = context.logger
        logger[metadataKey: "job"] = "\(job.id)"
        logger.info(
            "job queued", metadata: ["tenant": "\(job.tenant)", "bytes": "\(job.audio.byteCount)"])
        do {
            try await context.queue.enqueue([
                WorkItem(.prepare, job: job.id, tenant: job.tenant, priority: job.priority)
            ])
        } catch {
            logger.warning("not enqueued, left to the reconciler", metadata: ["error": "\(error)"])
        }
    }

    func removeAudio() async {
        do {
            try await context.objects.deleteAll(below: .job(id))
        } catch {
            context.logger.warning(
                "audio without a job not removed", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }

    private func receiptOfExisting(for job: Job) async throws -> Receipt {
        let key = job.idempotencyKey ?? ""
        guard let existing = try await context.store.job(idempotencyKey: key, tenant: tenant) else {
            throw RPCError(.aborted, "the job of idempotency key \"\(key)\" was just deleted; submit again")
        }
        return try receipt(of: existing, for: job)
    }

    /// The receipt of the job that has the idempotency key, where it is the same request.
    func receipt(of existing: Job, for job: Job) throws(RPCError) -> Receipt {
        guard existing.isSameRequest(as: job) else { throw RPCError.keyBelongs(to: existing) }
        return Receipt(job: existing, isExisting: true)
    }
}

extension RPCError {
    /// An idempotency key was used with another request.
    static func keyBelongs(to job: Job) -> RPCError {
        RPCError(
            .alreadyExists,
            "idempotency key \"\(job.idempotencyKey ?? "")\" belongs to job \(job.id), which has other audio or options;"
                + " use another key")
    }
}
