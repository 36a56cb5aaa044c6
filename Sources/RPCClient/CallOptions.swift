public import RPCWire

/// The options of one call.
public struct CallOptions: Sendable {
    /// How long the caller waits, the server is told. nil: the client's default.
    public var timeout: Duration?
    /// Lets the server do a thing once, however often it is asked.
    public var idempotencyKey: String?
    public var metadata: Metadata
    /// W3C trace context to hand on.
    public var traceparent: String?
    /// Wait for a server until the deadline instead of failing when none can be reached.
    public var waitForReady: Bool

    public init(
        timeout: Duration? = nil, idempotencyKey: String? = nil, metadata: Metadata = Metadata(),
        traceparent: String? = nil, waitForReady: Bool = false
    ) {
        self.timeout = timeout
        self.idempotencyKey = idempotencyKey
        self.metadata = metadata
        self.traceparent = traceparent
        self.waitForReady = waitForReady
    }
}
