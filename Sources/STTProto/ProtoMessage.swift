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

    /// The message's bytes.
    ///
    /// - Throws: ``ProtoError/embeddedNUL`` where a string holds a NUL, which the C code cannot carry.
    func encode() throws(ProtoError) -> [UInt8]
}

extension ProtoMessage {
    public static func decode(owned bytes: consuming [UInt8]) throws(ProtoError) -> Self { try decode(bytes) }

    /// Reads one message from an array of bytes.
    public static func decode(_ bytes: [UInt8]) throws(ProtoError) -> Self {
        let result: Result<Self, ProtoError> = bytes.withUnsafeBytes { raw in
            do throws(ProtoError) {
                return .success(try decode(raw))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
