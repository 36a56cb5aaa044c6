public import STTProto

/// Encoded bytes that any number of streams may send without copying or encoding them again.
public struct SharedBytes: Sendable, Equatable {
    package let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Encodes a message once.
    ///
    /// - Throws: ``STTProto/ProtoError`` as the message's `encode()`.
    public init(encoding message: some ProtoMessage) throws(ProtoError) {
        bytes = try message.encode()
    }

    public var count: Int { bytes.count }
}
