public import RPCWire

/// What a handler knows about its call besides the request.
///
/// That the call is over (cancelled by the peer, past its deadline, connection lost) reaches the handler as Task
/// cancellation.
public final class CallContext: Sendable {
    /// `package.Service/Method`.
    public let method: String
    /// Unique within this process; the `call` of log lines.
    public let callID: UInt64
    /// The peer's address, for logs.
    public let peer: String
    /// When the caller stops waiting; nil where it set no deadline.
    public let deadline: ContinuousClock.Instant?
    public let metadata: Metadata
    /// The caller's key for doing a thing only once; nil where it gave none.
    public let idempotencyKey: String?
    /// W3C trace context; nil where the caller gave none.
    public let traceparent: String?
    /// Whom the connection's token names; nil where the server asks for none.
    public let tenant: String?

    public init(
        method: String, callID: UInt64, peer: String, deadline: ContinuousClock.Instant? = nil,
        metadata: Metadata = Metadata(), idempotencyKey: String? = nil, traceparent: String? = nil,
        tenant: String? = nil
    ) {
        self.method = method
        self.callID = callID
        self.peer = peer
        self.deadline = deadline
        self.metadata = metadata
        self.idempotencyKey = idempotencyKey
        self.traceparent = traceparent
        self.tenant = tenant
    }
}
