public import Logging
public import RPCTransport
public import RPCWire
public import STTProto

/// Calls methods of a server.
///
/// Connects when the first call is made. Calls share one connection; when it breaks, open calls fail with UNAVAILABLE
/// and the next call connects anew.
public final class RPCClient: Sendable {
    /// - Parameter addresses: Tried in turn.
    public init(addresses: [ServerAddress], configuration: RPCClientConfiguration = .init(), logger: Logger) {}

    /// One request, one reply.
    public func unary<Req: ProtoMessage, Res: ProtoMessage>(
        _ method: String, _ request: Req, returning: Res.Type = Res.self, options: CallOptions = .init()
    ) async throws(RPCError) -> Res {
        throw RPCError(.unimplemented, "the client is not there yet")
    }

    /// Many requests, one reply.
    ///
    /// - Parameter produce: Sends the requests. When the server answers early, the writer's `send` throws and the call
    ///   ends as the server said.
    /// - Throws: ``RPCWire/RPCError``, or what `produce` throws by itself.
    public nonisolated(nonsending) func clientStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ method: String, returning: Res.Type = Res.self, options: CallOptions = .init(),
        _ produce: (RequestWriter<Req>) async throws -> Void
    ) async throws -> Res {
        throw RPCError(.unimplemented, "the client is not there yet")
    }

    /// One request, many replies.
    ///
    /// - Parameter consume: Reads the replies. Returning before their end cancels the call.
    /// - Throws: ``RPCWire/RPCError``, or what `consume` throws by itself.
    public nonisolated(nonsending) func serverStreaming<Req: ProtoMessage, Res: ProtoMessage, R>(
        _ method: String, _ request: Req, receiving: Res.Type = Res.self, options: CallOptions = .init(),
        _ consume: (InboundMessages<Res>) async throws -> R
    ) async throws -> R {
        throw RPCError(.unimplemented, "the client is not there yet")
    }

    /// Ends every open call with CANCELLED and closes the connection.
    public func close() async {}
}
