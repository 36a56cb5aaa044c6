internal import RPCWire

/// A message that comes in parts.
///
/// One that begins with a field longer than its first part is kept as what comes before that field's bytes, and those
/// bytes. Most long messages are one field, and the field's bytes are then where the application gets them, with no copy
/// between the socket and there.
///
/// Concurrency: belongs to one event loop.
final class MessageAssembly {
    private var head: [UInt8] = []
    private var bytes: [UInt8] = []
    /// Of `bytes`, where they are one field; 0 where they are all of the message.
    private var fieldBytes = 0

    /// No more memory than this is taken for a message before it is here.
    private static let mostReservedBytes = 512 * 1024
    /// So much of a message is enough to see its first field's tag and length.
    static let prefixBytes = 16

    init(_ first: UnsafeRawBufferPointer) {
        guard let field = Self.longField(first) else {
            bytes.append(contentsOf: first)
            return
        }
        head = [UInt8](first[..<field.start])
        fieldBytes = field.count
        bytes.reserveCapacity(min(field.count, Self.mostReservedBytes))
        bytes.append(contentsOf: first[field.start...])
    }

    func append(_ part: UnsafeRawBufferPointer) { bytes.append(contentsOf: part) }

    /// Lets `body` write up to `count` bytes where they belong. It returns how many it wrote.
    func append(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        bytes.append(addingCapacity: count) { span in
            span.withUnsafeMutableBufferPointer { buffer, filled in
                filled += body(UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }

    var message: SharedBytes {
        if fieldBytes > 0, bytes.count == fieldBytes { return SharedBytes(head: head, tail: bytes) }
        return SharedBytes(head.isEmpty ? bytes : head + bytes)
    }

    /// Where a message's first field begins, and how long it is, where it goes on beyond what is here.
    private static func longField(_ bytes: UnsafeRawBufferPointer) -> (start: Int, count: Int)? {
        let lengthDelimited: UInt8 = 2
        guard let tag = bytes.first, tag & 7 == lengthDelimited, tag < 0x80 else { return nil }
        var count = 0
        for index in 1..<min(bytes.count, 5) {
            count |= Int(bytes[index] & 0x7F) << (7 * (index - 1))
            if bytes[index] < 0x80 { return count > bytes.count - index - 1 ? (index + 1, count) : nil }
        }
        return nil
    }
}
