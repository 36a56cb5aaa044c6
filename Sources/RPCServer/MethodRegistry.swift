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
    public mutating func unary<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String, _ handler: @escaping @Sendable (Req, CallContext) async throws -> Res
    ) {
        handlers[name] = .singleRequest { bytes throws(RPCError) in
            let request = try decodeRequest(Req.self, bytes)
            return { call in
                try encode(try await handler(request, call.context))
            }
        }
    }

    /// One request, one reply that is encoded already, so that calls may share it.
    ///
    /// - Parameter name: As in `unary(_:_:)`.
    public mutating func unary<Req: ProtoMessage>(
        _ name: String, _ handler: @escaping @Sendable (Req, CallContext) async throws -> SharedBytes
    ) {
        handlers[name] = .singleRequest { bytes throws(RPCError) in
            let request = try decodeRequest(Req.self, bytes)
            return { call in try await handler(request, call.context) }
        }
    }

    /// Many requests, one reply. The handler may reply before it has read them all.
    public mutating func clientStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String, _ handler: @escaping @Sendable (InboundMessages<Req>, CallContext) async throws -> Res
    ) {
        handlers[name] = .requestStream { call in
            try encode(try await handler(InboundMessages(call.source), call.context))
        }
    }

    /// One request, many replies, which end when the handler returns.
    ///
    /// - Parameter drainError: For a stream that lasts long and that a client resumes elsewhere: the status that its calls
    ///   are ended with as soon as the server drains, after the replies that were sent. nil: they go on until the grace
    ///   ends.
    public mutating func serverStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ name: String, drainError: RPCError? = nil,
        _ handler: @escaping @Sendable (Req, OutboundMessages<Res>, CallContext) async throws -> Void
    ) {
        drainErrors[name] = drainError
        handlers[name] = .singleRequest { bytes throws(RPCError) in
            let request = try decodeRequest(Req.self, bytes)
            return { call in
                try await handler(request, OutboundMessages(call.sink), call.context)
                return nil
            }
        }
    }
}
