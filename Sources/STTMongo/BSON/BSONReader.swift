import STTCore

/// Reads documents from bytes. Trusts no length that it finds.
package struct BSONReader {
    /// The bytes are no document.
    package struct Malformed: Error {}

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    /// Deeper than anything that is stored here, and shallow enough for any stack.
    private static let maximumDepth = 32

    package static func document(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> BSONDocument {
        var reader = BSONReader(bytes: bytes)
        return BSONDocument(fields: try reader.fields(depth: 0))
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func fields(depth: Int) throws(Malformed) -> [BSONDocument.Field] {
        let start = offset
        let length = Int(try number(UInt32.self))
        guard depth < Self.maximumDepth, length >= 5, length <= bytes.count - start else { throw Malformed() }
        let end = start + length
        var fields: [BSONDocument.Field] = []
        while true {
            let type = try number(UInt8.self)
            guard type != 0 else { break }
            let name = try name()
            fields.append(BSONDocument.Field(name: name, value: try value(type, depth: depth)))
        }
        guard offset == end else { throw Malformed() }
        return fields
    }

    private mutating func value(_ type: UInt8, depth: Int) throws(Malformed) -> BSONValue {
        switch type {
        case 0x01: return .double(Double(bitPattern: try number(UInt64.self)))
        case 0x02: return .string(try text())
        case 0x03: return .document(BSONDocument(fields: try fields(depth: depth + 1)))
        case 0x04: return .array(try fields(depth: depth + 1).map(\.value))
        case 0x05:
            let length = Int(try number(UInt32.self))
            _ = try number(UInt8.self)
            return .binary(Array(try take(length)))
        case 0x08: return .bool(try number(UInt8.self) != 0)
        case 0x09: return .date(Timestamp(millisecondsSinceEpoch: Int64(bitPattern: try number(UInt64.self))))
        case 0x0A: return .null
        case 0x10: return .int(Int(Int32(bitPattern: try number(UInt32.self))))
        case 0x12: return .int(Int(Int64(bitPattern: try number(UInt64.self))))
        default:
            try skip(type)
            return .other(type: type)
        }
    }

    private mutating func skip(_ type: UInt8) throws(Malformed) {
        switch type {
        case 0x06, 0x7F, 0xFF: break
        case 0x07: _ = try take(12)
        case 0x0B:
            _ = try name()
            _ = try name()
        case 0x0D, 0x0E: _ = try text()
        case 0x11: _ = try take(8)
        case 0x13: _ = try take(16)
        default: throw Malformed()
        }
    }

    private mutating func text() throws(Malformed) -> String {
        let length = Int(try number(UInt32.self))
        guard length > 0 else { throw Malformed() }
        return String(decoding: try take(length).dropLast(), as: UTF8.self)
    }

    private mutating func name() throws(Malformed) -> String {
        guard let end = bytes[offset...].firstIndex(of: 0) else { throw Malformed() }
        let name = String(decoding: bytes[offset..<end], as: UTF8.self)
        offset = end + 1
        return name
    }

    private mutating func take(_ count: Int) throws(Malformed) -> Slice<UnsafeRawBufferPointer> {
        guard count >= 0, count <= bytes.count - offset else { throw Malformed() }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    private mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(Malformed) -> Number {
        let slice = try take(MemoryLayout<Number>.size)
        return Number(littleEndian: UnsafeRawBufferPointer(rebasing: slice).loadUnaligned(as: Number.self))
    }
}
