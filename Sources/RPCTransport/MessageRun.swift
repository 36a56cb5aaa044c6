package import RPCWire
public import STTProto

/// One message, or a run of short ones that lie together, each after its length.
///
/// One by one, short messages would take several times the memory that their credit stands for, and an allocation each.
@usableFromInline
package struct MessageRun: Sendable {
    /// Longer messages lie on their own.
    static let shortBytes = 2048
    private static let mostFlow: UInt64 = 16 * 1024
    private static let lengthBytes = 2
    @usableFromInline static let alone = -1

    /// What its messages cost together, the ones that were taken among them.
    private(set) var flow: UInt64
    @usableFromInline var bytes: [UInt8]
    /// What follows `bytes` in a message on its own that came in two parts.
    @usableFromInline let tail: [UInt8]?
    /// Where the next message's length is; `alone` where there is but one message.
    @usableFromInline var offset: Int

    /// One message.
    package init(_ message: SharedBytes, flow: UInt64 = 0) {
        bytes = message.head
        tail = message.tail
        offset = Self.alone
        self.flow = flow
    }

    /// A run of one. Only for messages of at most ``shortBytes``.
    init(short message: UnsafeRawBufferPointer, flow: UInt64) {
        bytes = []
        bytes.reserveCapacity(Self.lengthBytes + message.count)
        tail = nil
        offset = 0
        self.flow = 0
        append(message, flow: flow)
    }

    @inlinable
    var isEmpty: Bool { offset == bytes.count }

    /// Whether a short message of this cost belongs here.
    func takes(_ cost: UInt64) -> Bool { offset != Self.alone && flow + cost <= Self.mostFlow }

    mutating func append(_ message: UnsafeRawBufferPointer, flow cost: UInt64) {
        bytes.append(UInt8(truncatingIfNeeded: message.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: message.count))
        bytes.append(contentsOf: message)
        flow += cost
    }

    /// Takes the oldest message. Only where there is one.
    mutating func next() -> SharedBytes {
        if offset == Self.alone {
            let message = tail.map { SharedBytes(head: bytes, tail: $0) } ?? SharedBytes(bytes)
            clear()
            return message
        }
        return SharedBytes(Array(bytes[takePlace()]))
    }

    /// Takes the oldest message, as a value. Only where there is one.
    @inlinable
    mutating func decodeNext<Message: ProtoMessage>(as _: Message.Type) throws(ProtoError) -> Message {
        guard offset == Self.alone else {
            let place = takePlace()
            return try bytes.withUnsafeBufferPointer { buffer throws(ProtoError) in
                try Message.decode(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: buffer[place])))
            }
        }
        let (head, tail) = (bytes, tail)
        clear()
        if let tail {
            if let message = Message.decodeInParts(head: head, tail: tail) { return message }
            return try Message.decode(owned: head + tail)
        }
        return try Message.decode(owned: head)
    }

    @usableFromInline
    mutating func clear() {
        bytes = []
        offset = 0
    }

    @usableFromInline
    mutating func takePlace() -> Range<Int> {
        let start = offset + Self.lengthBytes
        let end = start + Int(bytes[offset]) << 8 + Int(bytes[offset + 1])
        offset = end
        return start..<end
    }
}
