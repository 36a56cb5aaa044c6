internal import RPCTransport
public import RPCWire
public import STTProto

/// Runs a handler. Gives the encoded reply, or nil where the replies went out one by one.
@usableFromInline
typealias HandlerBody = @Sendable (ServerCall) async throws -> SharedBytes?

/// Runs the handler of a unary call. Gives the encoded reply.
@usableFromInline
typealias UnaryBody = nonisolated(nonsending) @Sendable (CallContext) async throws -> SharedBytes

/// A method with the types of its messages erased. A single request is decoded on the event loop from the bytes as they
/// were read; what comes back runs as a task.
enum MethodHandler: Sendable {
    case unary(@Sendable (UnsafeRawBufferPointer) throws(RPCError) -> UnaryBody)
    case singleRequest(@Sendable (UnsafeRawBufferPointer) throws(RPCError) -> HandlerBody)
    case requestStream(HandlerBody)
}

/// A method as the calls of one loop hold it.
///
/// What the calls of several loops held together would have its reference count passed back and forth between processors,
/// several times a call.
final class LoopMethod: Sendable {
    let handler: MethodHandler

    init(_ handler: MethodHandler) { self.handler = handler }
}

@inlinable
func decodeRequest<Req: ProtoMessage>(_: Req.Type, _ bytes: UnsafeRawBufferPointer) throws(RPCError) -> Req {
    do throws(ProtoError) {
        return try Req.decode(bytes)
    } catch {
        throw RPCError(.invalidArgument, "malformed request: \(error)", cause: error)
    }
}

@usableFromInline
func encodeReply(_ reply: some ProtoMessage) throws(RPCError) -> SharedBytes { try RPCTransport.encode(reply) }
