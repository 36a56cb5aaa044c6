public import STTProto

/// Encoded bytes that any number of streams may send without copying or encoding them again.
public struct SharedBytes: Sendable, Equatable {
    package let head: [UInt8]
    /// What follows `head`: a long field in its owner's memory.
    package let tail: [UInt8]?

    public init(_ bytes: [UInt8]) {
        head = bytes
        tail = nil
    }

    package init(head: [UInt8], tail: [UInt8]) {
        self.head = head
        self.tail = tail
    }

    /// Encodes a message once. A message that is one long field shares that field's memory.
    ///
    /// - Throws: ``STTProto/ProtoError`` as the message's `encode()`.
    public init(encoding message: some ProtoMessage) throws(ProtoError) {
        if let (head, tail) = message.encodeInParts() {
            self.head = head
            self.tail = tail
        } else {
            head = try message.encode()
            tail = nil
        }
    }

    public var count: Int { head.count + (tail?.count ?? 0) }

    /// All bytes in one array; a copy where they are in two.
    package var bytes: [UInt8] { tail.map { head + $0 } ?? head }
}
