public import RPCWire
public import STTProto

/// Memory of the caller's for the one reply of a call. The loop decodes the reply into it straight from what it has read.
///
/// The calls of all methods are objects of one class, and only the caller knows the reply's type: generic objects would have
/// their metadata looked up at run time for every call.
///
/// Concurrency: written by the loop until the call is over, read by the caller afterwards.
@usableFromInline
struct ReplySlot<Reply: ProtoMessage>: @unchecked Sendable {
    @usableFromInline let memory: UnsafeMutablePointer<Reply?>

    @inlinable
    init() {
        memory = .allocate(capacity: 1)
        memory.initialize(to: nil)
    }

    @inlinable
    func free() {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    @inlinable
    var decoder: ReplyDecoder {
        ReplyDecoder(memory: memory) { bytes, memory in
            do throws(ProtoError) {
                memory.assumingMemoryBound(to: Reply?.self).pointee = try Reply.decode(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Once the call is over.
    @inlinable
    func take(from call: ClientCall) throws(RPCError) -> Reply {
        try call.checkReply()
        guard let reply = memory.pointee.take() else { throw RPCError(.internalError, "the reply was not decoded") }
        return reply
    }
}

/// A ``ReplySlot`` without its type.
@usableFromInline
struct ReplyDecoder {
    @usableFromInline let memory: UnsafeMutableRawPointer
    /// Has no context, so that making one costs nothing.
    @usableFromInline let body: (UnsafeRawBufferPointer, UnsafeMutableRawPointer) -> ProtoError?

    @inlinable
    init(
        memory: UnsafeMutableRawPointer,
        _ body: @escaping (UnsafeRawBufferPointer, UnsafeMutableRawPointer) -> ProtoError?
    ) {
        self.memory = memory
        self.body = body
    }

    /// - Returns: What is wrong with the bytes; nil where the reply is in its place.
    func decode(_ bytes: UnsafeRawBufferPointer) -> ProtoError? { body(bytes, memory) }
}
