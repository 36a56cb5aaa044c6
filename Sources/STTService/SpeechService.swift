public import RPCServer
public import RPCTransport
import STTCore
import STTProto

/// The methods of `stt.v1.SpeechToText`.
public struct SpeechService: Sendable {
    let context: ServiceContext
    let admission: AdmissionGauge
    let readings: JobReadings
    let watches: JobWatches
    let quotas: UploadQuotas?
    let queueStats: JoinedReadings<Result<SharedBytes, any Error>>
    let dependencies: JoinedReadings<[DependencyState]>
    let startedAt = ContinuousClock.now

    public init(context: ServiceContext) {
        admission = AdmissionGauge(store: context.store, limit: context.limits.maximumUnfinishedJobs)
        readings = JobReadings(store: context.store)
        watches = JobWatches(
            store: context.store, events: context.events, readings: readings, logger: context.logger)
        var own = context
        own.uploadBrokeOff = { [readings, watches] job in
            await watches.tellEnd(of: job)
            readings.deleted(job.id)
        }
        self.context = own
        queueStats = JoinedReadings { tenant in
            do {
                return .success(try SharedBytes(encoding: try await context.queueStats(of: tenant)))
            } catch {
                return .failure(error)
            }
        }
        dependencies = JoinedReadings { _ in await context.dependencies() }
        quotas = context.tenantLimits.map { limits in
            UploadQuotas(
                ledger: TenantLedger(limits: limits), audio: AudioQuota(store: context.store, limits: limits),
                limits: limits)
        }
    }

    /// What keeps tenants to their limits of calls. To be among the server's interceptors.
    public var interceptors: [any CallInterceptor] {
        quotas.map { [TenantCallLimits(ledger: $0.ledger)] } ?? []
    }

    /// Adds the methods to a server's registry.
    public func register(in registry: inout MethodRegistry) {
        registry.bidirectional(SpeechMethod.submit) { requests, replies, call in
            try await mapped { try await submit(requests, replies, call) }
        }
        registry.unary(SpeechMethod.status) { request, call -> SharedBytes in
            try await mapped { try await status(request, call) }
        }
        registry.serverStreaming(SpeechMethod.streamResult, drainError: .draining) { request, replies, call in
            try await mapped { try await streamResult(request, replies, call) }
        }
        registry.serverStreaming(SpeechMethod.getResult) { request, replies, call in
            try await mapped { try await getResult(request, replies, call) }
        }
        registry.unary(SpeechMethod.cancel) { request, call in try await mapped { try await cancel(request, call) } }
        registry.unary(SpeechMethod.list) { request, call in try await mapped { try await list(request, call) } }
        registry.unary(SpeechMethod.delete) { request, call in try await mapped { try await delete(request, call) } }
        registry.unary(SpeechMethod.queueStats) { request, call -> SharedBytes in
            try await mapped { try await queueStats(request, call) }
        }
        registry.unary(SpeechMethod.health) { request, call in try await mapped { try await health(request, call) } }
    }

    private func mapped<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw StatusMapping.rpcError(error)
        }
    }

    /// The job that a request names, where it exists for the caller.
    func job(_ text: String, _ call: CallContext) async throws -> Job {
        let id = try jobID(text)
        guard let job = try await context.store.job(id, tenant: tenant(of: call)) else { throw unknown(id) }
        return job
    }

    /// The job that a request names, as it was 50 ms ago or later, where it exists for the caller.
    func reading(_ text: String, _ call: CallContext) async throws -> JobReading {
        let id = try jobID(text)
        guard let reading = try await readings.reading(of: id, tenant: tenant(of: call)) else { throw unknown(id) }
        return reading
    }

    func jobID(_ text: String) throws -> JobID {
        guard let id = JobID(text) else {
            throw RPCError(
                .notFound, "there is no job \"\(text.prefix(64))\"; a job id looks like \(JobID.example)")
        }
        return id
    }

    func unknown(_ id: JobID) -> RPCError {
        RPCError(.notFound, "there is no job \(id); it may have been deleted or have expired")
    }

    func tenant(of call: CallContext) -> Tenant {
        Tenant(ofCall: call.tenant)
    }
}

extension JobID {
    fileprivate static let example = "01890a5d-ac96-774b-bcce-b302099a8057"
}
