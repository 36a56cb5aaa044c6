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
    public var metadata: Metadata { extras?.metadata ?? Metadata() }
    /// The caller's key for doing a thing only once; nil where it gave none.
    public var idempotencyKey: String? { extras?.idempotencyKey }
    /// W3C trace context; nil where the caller gave none.
    public var traceparent: String? { extras?.traceparent }
    /// Whom the connection's token names; nil where the server asks for none.
    public let tenant: String?

    /// What most calls have none of, out of line: it would be a third of what an idle call keeps here.
    private final class Extras: Sendable {
        let metadata: Metadata
        let idempotencyKey: String?
        let traceparent: String?

        init(_ metadata: Metadata, _ idempotencyKey: String?, _ traceparent: String?) {
            self.metadata = metadata
            self.idempotencyKey = idempotencyKey
            self.traceparent = traceparent
        }
    }

    private let extras: Extras?

    public init(
        method: String, callID: UInt64, peer: String, deadline: ContinuousClock.Instant? = nil,
        metadata: Metadata = Metadata(), idempotencyKey: String? = nil, traceparent: String? = nil,
        tenant: String? = nil
    ) {
        self.method = method
        self.callID = callID
        self.peer = peer
        self.deadline = deadline
        extras =
            metadata.isEmpty && idempotencyKey == nil && traceparent == nil
            ? nil : Extras(metadata, idempotencyKey, traceparent)
        self.tenant = tenant
    }
}
