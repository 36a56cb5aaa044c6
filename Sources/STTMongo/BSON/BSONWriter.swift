import STTCore

/// Documents as bytes.
package struct BSONWriter {
    private var bytes: [UInt8] = []

    package static func bytes(of document: BSONDocument) -> [UInt8] {
        var writer = BSONWriter()
        writer.append(document.fields)
        return writer.bytes
    }

    /// libmongoc takes a pipeline as a document whose names are the places.
    static func bytes(ofArray values: [BSONValue]) -> [UInt8] {
        var writer = BSONWriter()
        writer.append(Self.fields(of: values))
        return writer.bytes
    }

    private static func fields(of values: [BSONValue]) -> [BSONDocument.Field] {
        values.enumerated().map { BSONDocument.Field(name: String($0.offset), value: $0.element) }
    }

    private mutating func append(_ fields: [BSONDocument.Field]) {
        let start = bytes.count
        append(UInt32(0))
        for field in fields {
            bytes.append(Self.type(of: field.value))
            // A name ends at its first zero byte.
            bytes.append(contentsOf: field.name.utf8.lazy.filter { $0 != 0 })
            bytes.append(0)
            append(field.value)
        }
        bytes.append(0)
        let length = UInt32(bytes.count - start)
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: length >> (8 * place)) }
    }

    private mutating func append(_ value: BSONValue) {
        switch value {
        case .double(let number): append(number.bitPattern)
        case .string(let text):
            append(UInt32(text.utf8.count + 1))
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        case .document(let document): append(document.fields)
        case .array(let values): append(Self.fields(of: values))
        case .binary(let data):
            append(UInt32(data.count))
            bytes.append(0)
            bytes.append(contentsOf: data)
        case .bool(let flag): bytes.append(flag ? 1 : 0)
        case .date(let time): append(UInt64(bitPattern: time.millisecondsSinceEpoch))
        case .int(let number): append(UInt64(bitPattern: Int64(number)))
        case .null, .other: break
        }
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func type(of value: BSONValue) -> UInt8 {
        switch value {
        case .double: 0x01
        case .string: 0x02
        case .document: 0x03
        case .array: 0x04
        case .binary: 0x05
        case .bool: 0x08
        case .date: 0x09
        case .null, .other: 0x0A
        case .int: 0x12
        }
    }
}
