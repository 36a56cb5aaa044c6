/// A protobuf message as a Swift value.
///
/// The types that conform are hand-written structs over the C code that protobuf-c generates. No C type shows in
/// their interface.
public protocol ProtoMessage: Sendable {
    /// Reads one message.
    ///
    /// - Parameter bytes: The whole encoded message. Not kept.
    /// - Throws: ``ProtoError`` where the bytes are not this message, where a string is not UTF-8 or holds a NUL, or
    ///   where unpacking would take more memory than ``ProtoDecodingBudget`` allows.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> Self

    /// Reads one message from bytes that nobody else needs any more, so that a message that is mostly bytes may keep their
    /// memory.
    ///
    /// - Throws: As ``decode(_:)``.
    static func decode(owned bytes: consuming [UInt8]) throws(ProtoError) -> Self

    /// Reads a message of which `tail` is the first field and goes to the message's end, so that it may keep that memory. nil
    /// where ``decode(owned:)`` does as well, or is to find the fault.
    ///
    /// - Parameter head: What comes before the field's bytes: its tag and its length, which is that of `tail`.
    static func decodeInParts(head: [UInt8], tail: [UInt8]) -> Self?

    /// The message's bytes.
    ///
    /// - Throws: ``ProtoError/embeddedNUL`` where a string holds a NUL, which the C code cannot carry.
    func encode() throws(ProtoError) -> [UInt8]

    /// The message's bytes in two parts where it is little more than one long field: what comes before that field's bytes,
    /// and the field's own array, so that its bytes are not copied. nil where ``encode()`` does as well.
    func encodeInParts() -> (head: [UInt8], tail: [UInt8])?

    /// Calls `body` with the bytes of a short message, for one that copies them to where they go. The bytes are valid during the
    /// call only.
    ///
    /// - Returns: False where the message is to be encoded by the other ways; `body` was not called.
    func withEncodedBytes(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool
}

extension ProtoMessage {
    public static func decode(owned bytes: consuming [UInt8]) throws(ProtoError) -> Self { try decode(bytes) }

    public static func decodeInParts(head: [UInt8], tail: [UInt8]) -> Self? { nil }

    public func encodeInParts() -> (head: [UInt8], tail: [UInt8])? { nil }

    public func withEncodedBytes(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool { false }

    /// Reads one message from an array of bytes.
    public static func decode(_ bytes: [UInt8]) throws(ProtoError) -> Self {
        // Not through a `Result`: to move a message of 300 bytes in and out of one was a tenth of reading a stream.
        try bytes.withUnsafeBufferPointer { buffer throws(ProtoError) in try decode(UnsafeRawBufferPointer(buffer)) }
    }
}
