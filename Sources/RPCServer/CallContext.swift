public import RPCWire

/// What a handler knows about its call besides the request.
///
/// That the call is over (cancelled by the peer, past its deadline, connection lost) reaches the handler as Task
/// cancellation.
public final class CallContext: Sendable {
    /// `package.Service/Method`.
    public var method: String { origin.method }
    /// Unique within this process; the `call` of log lines.
    public let callID: UInt64
    /// The peer's address, for logs.
    public var peer: String { origin.peer }
    /// When the caller stops waiting; nil where it set no deadline.
    public let deadline: ContinuousClock.Instant?
    public var metadata: Metadata { extras?.metadata ?? Metadata() }
    /// The caller's key for doing a thing only once; nil where it gave none.
    public var idempotencyKey: String? { extras?.idempotencyKey }
    /// W3C trace context; nil where the caller gave none.
    public var traceparent: String? { extras?.traceparent }
    /// Whom the connection's token names; nil where the server asks for none.
    public var tenant: String? { origin.tenant }

    private let origin: CallOrigin

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

        static func make(_ metadata: Metadata, _ idempotencyKey: String?, _ traceparent: String?) -> Extras? {
            metadata.isEmpty && idempotencyKey == nil && traceparent == nil
                ? nil : Extras(metadata, idempotencyKey, traceparent)
        }
    }

    private let extras: Extras?

    public init(
        method: String, callID: UInt64, peer: String, deadline: ContinuousClock.Instant? = nil,
        metadata: Metadata = Metadata(), idempotencyKey: String? = nil, traceparent: String? = nil,
        tenant: String? = nil
    ) {
        origin = CallOrigin(method: method, peer: peer, tenant: tenant)
        self.callID = callID
        self.deadline = deadline
        extras = Extras.make(metadata, idempotencyKey, traceparent)
    }

    init(
        _ origin: CallOrigin, callID: UInt64, deadline: ContinuousClock.Instant?, metadata: Metadata,
        idempotencyKey: String?, traceparent: String?
    ) {
        self.origin = origin
        self.callID = callID
        self.deadline = deadline
        extras = Extras.make(metadata, idempotencyKey, traceparent)
    }
}

/// What the calls of a connection to one method have in common. They share it: on its own it would be a third of what an
/// idle call keeps here.
final class CallOrigin: Sendable {
    let method: String
    let peer: String
    let tenant: String?

    init(method: String, peer: String, tenant: String?) {
        self.method = method
        self.peer = peer
        self.tenant = tenant
    }
}
