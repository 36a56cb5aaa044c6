internal import CProtoArena
internal import CProtobufC

/// The memory of one message while it is being read: a bump allocator under a budget, behind protobuf-c's allocator
/// interface.
///
/// Concurrency: lives on the stack of one `decode` call; never shared.
struct DecodingArena {
    private static let minimumChunkBytes = 1024
    /// Most messages need no more than this.
    private static let firstChunkBytes = 1024

    private let arena: UnsafeMutablePointer<stt_proto_arena>

    /// Whether the message asked for more than its budget, or than the system has.
    var isExhausted: Bool { arena.pointee.is_exhausted }

    /// protobuf-c's view of this arena.
    var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
        UnsafeMutableRawPointer(arena).assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    /// Calls `body` with the memory for a message of `messageBytes` on the wire. Neither the arena nor what was allocated
    /// from it may outlive the call.
    static func with<R>(messageBytes: Int, _ body: (DecodingArena) throws(ProtoError) -> R) throws(ProtoError) -> R {
        try withUnsafeTemporaryAllocation(byteCount: firstChunkBytes, alignment: 16) { first throws(ProtoError) in
            try withUnsafeTemporaryAllocation(of: stt_proto_arena.self, capacity: 1) { buffer throws(ProtoError) in
                guard let arena = buffer.baseAddress else {
                    preconditionFailure("an allocation of one element has an address")
                }
                stt_proto_arena_open(
                    arena, first.baseAddress, first.count, ProtoDecodingBudget.bytes(forMessageOf: messageBytes),
                    max(minimumChunkBytes, messageBytes * 2))
                defer { stt_proto_arena_close(arena) }
                return try body(DecodingArena(arena: arena))
            }
        }
    }

    /// The size asked for at the allocation of `pointer`, or nil where this arena did not make it (a default value of
    /// the generated code).
    func size(of pointer: UnsafeRawPointer) -> Int? {
        let size = stt_proto_arena_size(arena, pointer)
        return size < 0 ? nil : size
    }
}
