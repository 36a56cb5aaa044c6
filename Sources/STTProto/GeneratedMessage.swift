internal import CSTTProto

/// A message whose bytes protobuf-c reads and writes.
///
/// A type conforms in an internal extension with three members, and is a ``ProtoMessage`` by them:
///
///     extension StatusRequest: GeneratedMessage {
///         static func initialize(_ c: UnsafeMutablePointer<Stt__V1__StatusRequest>) { stt__v1__status_request__init(c) }
///
///         init(_ c: Stt__V1__StatusRequest, _ reader: ProtoReader) throws(ProtoError) {
///             jobID = try reader.string(c.job_id)
///         }
///
///         func write(to c: inout Stt__V1__StatusRequest, _ arena: ProtoArena) {
///             c.job_id = arena.string(jobID)
///         }
///     }
///
/// Nested messages: `try reader.message(c.limits)` and `c.limits = arena.message(limits)`. Repeated ones:
/// `try reader.messages(c.n_words, c.words)` and `(c.n_words, c.words) = arena.messages(words)`.
protocol GeneratedMessage: ProtoMessage {
    /// The generated struct. Its first field is the `ProtobufCMessage` that names its descriptor.
    associatedtype CMessage

    /// Sets every field to its default: the generated `…__init`.
    static func initialize(_ c: UnsafeMutablePointer<CMessage>)
    init(_ c: CMessage, _ reader: ProtoReader) throws(ProtoError)
    /// Writes every field into `c`, which has been initialized. What `c` points to must come from the arena.
    func write(to c: inout CMessage, _ arena: ProtoArena)
}

extension GeneratedMessage {
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> Self {
        try decodeGenerated(bytes)
    }

    public func encode() throws(ProtoError) -> [UInt8] { try encodeGenerated() }

    static func decodeGenerated(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> Self {
        try DecodingArena.with(messageBytes: bytes.count) { arena throws(ProtoError) in
            let unpacked = withInitialized { c in
                protobuf_c_message_unpack(
                    base(of: c).pointee.descriptor, arena.allocator, bytes.count,
                    bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
            guard let unpacked else { throw arena.isExhausted ? .overBudget : .malformed }
            let c = UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: CMessage.self)
            return try Self(c.pointee, ProtoReader(arena: arena))
        }
    }

    func encodeGenerated() throws(ProtoError) -> [UInt8] {
        try withUnsafeTemporaryAllocation(byteCount: ProtoArena.firstChunkBytes, alignment: 16) {
            chunk throws(ProtoError) in
            try encode(with: ProtoArena(firstChunk: chunk))
        }
    }

    private func encode(with arena: ProtoArena) throws(ProtoError) -> [UInt8] {
        let bytes = Self.withInitialized { c in
            write(to: &c.pointee, arena)
            let message = Self.base(of: c)
            let size = protobuf_c_message_get_packed_size(message)
            // An array of no capacity is one that all share, and its count would be written to.
            if size == 0 { return [UInt8]() }
            return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = protobuf_c_message_pack(message, buffer.baseAddress)
            }
        }
        // The arena owns what the C message points to until here.
        if let failure = withExtendedLifetime(arena, { arena.failure }) { throw failure }
        return bytes
    }

    /// ``ProtoMessage/withEncodedBytes(_:)`` for a message that is short nearly always: one that is not is filled in twice.
    func withPackedBytes(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: ProtoArena.firstChunkBytes, alignment: 16) { chunk in
            let arena = ProtoArena(firstChunk: chunk)
            let isEncoded = Self.withInitialized { c in
                write(to: &c.pointee, arena)
                guard arena.failure == nil, !arena.isSpilled else { return false }
                withUnsafeTemporaryAllocation(byteCount: Self.shortBytes, alignment: 16) { buffer in
                    let count = protobuf_c_message_pack(
                        Self.base(of: c), buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
                    body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
                return true
            }
            return withExtendedLifetime(arena) { isEncoded }
        }
    }

    /// No message is longer whose C form fits into an arena's first chunk, so that its size need not be computed before it
    /// is written: a field of 4 bytes becomes at most 12 (an enum: 2 of its tag, 10 of its value), one of 8 less than 24, and
    /// every element of a repeated field has its 4 or 8 bytes, too.
    private static var shortBytes: Int { 3 * (ProtoArena.firstChunkBytes + MemoryLayout<CMessage>.size) }

    private static func withInitialized<R>(_ body: (UnsafeMutablePointer<CMessage>) -> R) -> R {
        withUnsafeTemporaryAllocation(of: CMessage.self, capacity: 1) { buffer in
            guard let c = buffer.baseAddress else { preconditionFailure("an allocation of one element has an address") }
            initialize(c)
            return body(c)
        }
    }

    private static func base(of c: UnsafeMutablePointer<CMessage>) -> UnsafeMutablePointer<ProtobufCMessage> {
        UnsafeMutableRawPointer(c).assumingMemoryBound(to: ProtobufCMessage.self)
    }
}
