public import RPCTransport
public import STTProto
public import RPCWire

/// The methods that a server offers, each with its handler.
///
/// A handler runs on the event loop of its connection: it must not block. What blocks belongs on a pool of its own. An
/// ``RPCWire/RPCError`` that it throws becomes the status of the call as it is; `CancellationError` becomes CANCELLED;
/// any other error is logged and becomes INTERNAL with a general message.
public struct MethodRegistry: Sendable {
    private(set) var handlers: [String: MethodHandler] = [:]
    /// What ends the running calls of a method as soon as the server drains.
    private(set) var drainErrors: [String: RPCError] = [:]

    public init() {}

    /// One request, one reply.
    ///
    /// - Parameter name: `package.Service/Method`. A second handler for a name replaces the first.
    // Inlinable, so that what runs for each call knows its types: without that they are looked up at run time each time.
    @inlinable
    public mutating func unary<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String,
        _ handler: nonisolated(nonsending) @escaping @Sendable (Req, CallContext) async throws -> Res
    ) {
        addUnary(name) { bytes throws(RPCError) in
            let request = try decodeRequest(Req.self, bytes)
            return { context in try encodeReply(try await handler(request, context)) }
        }
    }

    /// One request, one reply that is encoded already, so that calls may share it.
    ///
    /// - Parameter name: As in `unary(_:_:)`.
    @inlinable
    public mutating func unary<Req: ProtoMessage>(
        _ name: String,
        _ handler: nonisolated(nonsending) @escaping @Sendable (Req, CallContext) async throws -> SharedBytes
    ) {
        addUnary(name) { bytes throws(RPCError) in
            let request = try decodeRequest(Req.self, bytes)
            return { context in try await handler(request, context) }
        }
    }

    @usableFromInline
    mutating func addUnary(
        _ name: String, _ prepare: @escaping @Sendable (UnsafeRawBufferPointer) throws(RPCError) -> UnaryBody
    ) {
        handlers[name] = .unary(prepare)
    }

    /// Many requests, one reply. The handler may reply before it has read them all.
    // Inlinable, so that what runs for each call knows its types: less work, and a smaller frame while the call is idle.
    @inlinable
    public mutating func clientStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String, _ handler: @escaping @Sendable (InboundMessages<Req>, CallContext) async throws -> Res
    ) {
        addRequestStream(name) { call in
            try streamReply(try await handler(call.requests(), call.context))
        }
    }

    /// Many requests, one reply, and others before it where the handler sends them. Without those it is on the wire just
    /// like ``clientStreaming(_:_:)``.
    @inlinable
    public mutating func bidirectional<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String,
        _ handler: @escaping @Sendable (InboundMessages<Req>, OutboundMessages<Res>, CallContext) async throws -> Res
    ) {
        addRequestStream(name) { call in
            try streamReply(try await handler(call.requests(), call.replies(), call.context))
        }
    }

    /// One request, many replies, which end when the handler returns.
    ///
    /// - Parameter drainError: For a stream that lasts long and that a client resumes elsewhere: the status that its calls
    ///   are ended with as soon as the server drains, after the replies that were sent. nil: they go on until the grace
    ///   ends.
    @inlinable
    public mutating func serverStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String, drainError: RPCError? = nil,
        _ handler: @escaping @Sendable (Req, OutboundMessages<Res>, CallContext) async throws -> Void
    ) {
        addReplyStream(name, drainError: drainError) { bytes throws(RPCError) in
            let request = try streamRequest(Req.self, bytes)
            return { call in
                try await handler(request, call.replies(), call.context)
                return nil
            }
        }
    }

    @usableFromInline
    mutating func addRequestStream(_ name: String, _ body: @escaping HandlerBody) {
        handlers[name] = .requestStream(body)
    }

    @usableFromInline
    mutating func addReplyStream(
        _ name: String, drainError: RPCError?,
        _ prepare: @escaping @Sendable (UnsafeRawBufferPointer) throws(RPCError) -> HandlerBody
    ) {
        drainErrors[name] = drainError
        handlers[name] = .singleRequest(prepare)
    }
}

// Functions of their own, so that what they need is not in the frame that an idle call keeps.

@usableFromInline
func streamRequest<Req: ProtoMessage>(_ type: Req.Type, _ bytes: UnsafeRawBufferPointer) throws(RPCError) -> Req {
    try decodeRequest(type, bytes)
}

@usableFromInline
func streamReply(_ reply: some ProtoMessage) throws(RPCError) -> SharedBytes { try encode(reply) }
