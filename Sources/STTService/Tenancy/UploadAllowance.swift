import RPCWire
import STTCore

/// What a tenant's limits allow to uploads.
struct UploadQuotas: Sendable {
    let ledger: TenantLedger
    let audio: AudioQuota
    let limits: @Sendable (Tenant) -> TenantLimits

    /// Lets an upload begin.
    ///
    /// - Parameter size: As announced; `nil`: not known.
    /// - Throws: RESOURCE_EXHAUSTED; INVALID_ARGUMENT for a recording that alone is above the limit; `PortError`.
    func begin(_ tenant: Tenant, size: Int?) async throws -> UploadAllowance {
        if let size, let limit = limits(tenant).uploadBytes, size > limit {
            throw RPCError.refusing(
                JobFailure(
                    code: "audio.tooLarge",
                    message: "the audio has \(size) bytes; tenant \(tenant) may have \(limit) under way (upload_bytes);"
                        + " compress or split it"))
        }
        try ledger.checkRoom(for: size ?? 1, of: tenant)
        return UploadAllowance(tenant: tenant, ledger: ledger, backlog: try await audio.enter(tenant))
    }
}

/// One upload's share of its tenant's limits, to be given back by `leave`.
struct UploadAllowance: Sendable {
    private let tenant: Tenant
    private let ledger: TenantLedger
    private let backlog: TenantBacklog?
    private var byteCount = 0

    init(tenant: Tenant, ledger: TenantLedger, backlog: TenantBacklog?) {
        self.tenant = tenant
        self.ledger = ledger
        self.backlog = backlog
    }

    /// Counts bytes that have arrived.
    ///
    /// - Throws: RESOURCE_EXHAUSTED where they are too many.
    mutating func take(_ count: Int) throws(RPCError) {
        try ledger.reserve(count, for: tenant)
        byteCount += count
        backlog?.add(count)
    }

    /// - Parameter inserted: Whether the upload became a job.
    func leave(inserted: Bool) {
        ledger.release(byteCount, of: tenant)
        backlog?.leave(byteCount: byteCount, inserted: inserted)
    }
}
