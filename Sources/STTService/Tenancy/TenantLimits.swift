/// What a tenant may take of a server. nil: no bound.
public struct TenantLimits: Sendable, Hashable {
    /// Calls that run, streams and uploads among them.
    public var openCalls: Int?
    public var requestsPerSecond: Double?
    /// How many requests may come at once after a pause. nil: as many as in a second, at least 1.
    public var burst: Int?
    /// Bytes of uploads that have not become jobs yet, all together.
    public var uploadBytes: Int?
    /// Audio of the jobs that have not ended, over all servers of a cluster.
    public var queuedAudioSeconds: Int?

    public init(
        openCalls: Int? = nil, requestsPerSecond: Double? = nil, burst: Int? = nil, uploadBytes: Int? = nil,
        queuedAudioSeconds: Int? = nil
    ) {
        self.openCalls = openCalls
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst
        self.uploadBytes = uploadBytes
        self.queuedAudioSeconds = queuedAudioSeconds
    }

    /// These, with the others' where these say nothing.
    func completed(by other: TenantLimits) -> TenantLimits {
        TenantLimits(
            openCalls: openCalls ?? other.openCalls, requestsPerSecond: requestsPerSecond ?? other.requestsPerSecond,
            // A burst belongs to its rate.
            burst: burst ?? (requestsPerSecond == nil ? other.burst : nil),
            uploadBytes: uploadBytes ?? other.uploadBytes,
            queuedAudioSeconds: queuedAudioSeconds ?? other.queuedAudioSeconds)
    }

    /// The name of the first limit that both give, and differently.
    func contradiction(to other: TenantLimits) -> String? {
        func differ<Value: Equatable>(_ a: Value?, _ b: Value?) -> Bool { a != nil && b != nil && a != b }
        if differ(openCalls, other.openCalls) { return "open_calls" }
        if differ(requestsPerSecond, other.requestsPerSecond) { return "requests_per_second" }
        if differ(burst, other.burst) { return "burst" }
        if differ(uploadBytes, other.uploadBytes) { return "upload_bytes" }
        if differ(queuedAudioSeconds, other.queuedAudioSeconds) { return "queued_audio_seconds" }
        return nil
    }

    var burstSize: Double { burst.map(Double.init) ?? max(1, (requestsPerSecond ?? 1).rounded(.up)) }
}
