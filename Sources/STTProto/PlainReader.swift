#if canImport(Glibc)
    internal import Glibc
#endif

/// Reads the fields of a short message in their order, without protobuf-c, which takes three times as long for a ``JobStatus``.
///
/// It knows what every encoder writes. Whatever is odd is not judged here but left to protobuf-c, so that both always agree:
/// ``isPlain`` is false then, and what was read is worth nothing.
///
///     var reader = PlainReader(bytes)
///     while let field = reader.nextField() {
///         switch field {
///         case .string(1): jobID = reader.string()
///         case .number(2): fromChunk = reader.uint32()
///         default: return false
///         }
///     }
///     return reader.isPlain
struct PlainReader {
    /// A field's number, with how its value is written.
    struct Field: Equatable {
        // As it is on the wire, so that the compiler makes one jump of a `switch`.
        fileprivate let tag: UInt64

        /// A number or an enum.
        static func number(_ number: UInt64) -> Field { Field(tag: number << 3) }
        /// A string or a message.
        static func string(_ number: UInt64) -> Field { Field(tag: number << 3 | 2) }
    }

    /// Longer messages are left to protobuf-c. A length has two bytes at most, and no budget can be exceeded.
    private static let mostBytes = 1024

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private(set) var isPlain: Bool

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        isPlain = bytes.count <= Self.mostBytes
    }

    /// nil at the end, and where something is not plain.
    mutating func nextField() -> Field? {
        guard isPlain, position < bytes.count else { return nil }
        return Field(tag: varint(most: 2))
    }

    mutating func uint32() -> Int {
        let value = varint(most: 9)
        if value > UInt64(UInt32.max) { isPlain = false }
        return Int(truncatingIfNeeded: value)
    }

    mutating func uint64() -> Int { Int(clamping: varint(most: 9)) }

    /// An enum's number. One that is unknown becomes `other`, as it does with the generated code.
    mutating func choice<E: RawRepresentable<UInt32>>(else other: E) -> E {
        let value = varint(most: 5)
        if value > UInt64(Int32.max) { isPlain = false }
        return E(rawValue: UInt32(truncatingIfNeeded: value)) ?? other
    }

    mutating func string() -> String {
        let text = part()
        guard let start = text.baseAddress, !text.isEmpty else { return "" }
        guard memchr(start, 0, text.count) == nil, let string = String(checking: text) else {
            isPlain = false
            return ""
        }
        return string
    }

    /// A message within the message, which comes once: protobuf-c puts several together.
    mutating func message<M: ProtoMessage>(after earlier: M?) -> M? {
        let part = part()
        if isPlain, earlier == nil {
            do throws(ProtoError) { return try M.decode(part) } catch {}
        }
        isPlain = false
        return nil
    }

    private mutating func part() -> UnsafeRawBufferPointer {
        let count = Int(truncatingIfNeeded: varint(most: 2))
        guard isPlain, count <= bytes.count - position else {
            isPlain = false
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// - Parameter most: Bytes. With 9 no bit can be lost.
    private mutating func varint(most: Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 7 * UInt64(most) {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        isPlain = false
        return 0
    }
}

extension String {
    /// nil where the bytes are not UTF-8.
    init?(checking bytes: UnsafeRawBufferPointer) {
        // ASCII needs no validation. `String(validating:as:)` looks generic metadata up at run time: with the two strings of a
        // JobStatus that alone was 3 % of a call's time on the client.
        if bytes.isASCII {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            self.init(validating: bytes, as: UTF8.self)
        }
    }

    /// The message whose only field is this string, as its field 1; nil where that is protobuf-c's.
    var asPlainMessage: [UInt8]? {
        var copy = self
        return copy.withUTF8 { text -> [UInt8]? in
            if text.isEmpty { return [] }
            guard let start = text.baseAddress, text.count < 0x80, memchr(start, 0, text.count) == nil else {
                return nil
            }
            // Not of uninitialized capacity: that looks the array's type up at run time, which takes as long as all of this.
            var message: [UInt8] = []
            message.reserveCapacity(2 + text.count)
            message.append(1 << 3 | 2)
            message.append(UInt8(text.count))
            message.append(contentsOf: text)
            return message
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Looks at eight bytes at a time.
    fileprivate var isASCII: Bool {
        var union: UInt64 = 0
        var index = 0
        while index + 8 <= count {
            union |= loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < count {
            union |= UInt64(self[index])
            index += 1
        }
        return union & 0x8080_8080_8080_8080 == 0
    }
}
