/// Reads a message's fields in the order in which they come.
///
/// What it meets and does not know sets ``isOdd``; the message is then left to protobuf-c, which finds the fault or knows better.
struct WireReader {
    private var at: UnsafeRawPointer
    private let end: UnsafeRawPointer
    private(set) var isOdd = false
    /// Elements of repeated fields that may still come: they are larger in memory than on the wire, and the budget for that
    /// is protobuf-c's to keep.
    private var elementsLeft = 256

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return nil }
        at = start
        end = start + bytes.count
    }

    private init(_ start: UnsafeRawPointer, _ count: Int, elementsLeft: Int) {
        at = start
        end = start + count
        self.elementsLeft = elementsLeft
    }

    /// The next field's number and type as they are on the wire; nil at the end, or where something is odd.
    mutating func next() -> UInt64? {
        guard at < end, !isOdd else { return nil }
        let tag = varint(most: 2)
        return isOdd ? nil : tag
    }

    /// Says that the message has more to it than its type reads by itself.
    mutating func setOdd() { isOdd = true }

    /// - Parameter most: Bytes of a varint that is not odd: of nine no bit can be lost, and protobuf-c takes five for lengths.
    private mutating func varint(most: UInt64 = 9) -> UInt64 {
        guard at < end else { return fail() }
        let first = at.load(as: UInt8.self)
        at += 1
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while at < end, shift < 7 * most {
            let byte = at.load(as: UInt8.self)
            at += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return fail()
    }

    private mutating func fail() -> UInt64 {
        isOdd = true
        return 0
    }

    mutating func uint64() -> Int { Int(clamping: varint()) }

    mutating func uint32() -> Int {
        let value = varint()
        if value > UInt64(UInt32.max) { isOdd = true }
        return Int(clamping: value)
    }

    mutating func bool() -> Bool {
        let value = varint()
        if value > 1 { isOdd = true }
        return value == 1
    }

    mutating func choice<E: RawRepresentable<UInt32>>(_ unrecognized: E) -> E {
        E(rawValue: UInt32(truncatingIfNeeded: uint32())) ?? unrecognized
    }

    mutating func float() -> Float {
        guard end - at >= 4 else {
            isOdd = true
            return 0
        }
        defer { at += 4 }
        return Float(bitPattern: UInt32(littleEndian: at.loadUnaligned(as: UInt32.self)))
    }

    private mutating func field() -> UnsafeRawBufferPointer {
        let count = varint(most: 4)
        guard count <= UInt64(end - at) else {
            isOdd = true
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        defer { at += Int(count) }
        return UnsafeRawBufferPointer(start: at, count: Int(count))
    }

    /// ASCII without a NUL, as most are, or UTF-8.
    mutating func string() -> String {
        let bytes = field()
        if bytes.isEmpty { return "" }
        switch TextKind(bytes) {
        case .ascii: return String(decoding: bytes, as: UTF8.self)
        case .utf8:
            guard let text = String(validating: bytes, as: UTF8.self) else { break }
            return text
        case .hasNUL: break
        }
        isOdd = true
        return ""
    }

    mutating func append(to strings: inout [String]) {
        takeElement()
        strings.append(string())
    }

    /// A field that is a message. One that comes twice would have to be merged.
    mutating func message<M: PlainMessage>(_ known: M?) -> M? {
        if known != nil { isOdd = true }
        return nested(M.self)
    }

    mutating func append<M: PlainMessage>(to messages: inout [M]) {
        takeElement()
        if let message = nested(M.self) { messages.append(message) }
    }

    private mutating func takeElement() {
        elementsLeft -= 1
        if elementsLeft < 0 { isOdd = true }
    }

    private mutating func nested<M: PlainMessage>(_: M.Type) -> M? {
        let bytes = field()
        guard !isOdd, let start = bytes.baseAddress else { return nil }
        var reader = WireReader(start, bytes.count, elementsLeft: elementsLeft)
        let message = M(&reader)
        isOdd = reader.isOdd
        elementsLeft = reader.elementsLeft
        return message
    }
}

/// What a string field's bytes are, found eight bytes at a time.
private enum TextKind {
    case ascii
    case utf8
    case hasNUL

    init(_ bytes: UnsafeRawBufferPointer) {
        let highs: UInt64 = 0x8080_8080_8080_8080
        var union: UInt64 = 0
        // Of bytes below 0x80 each but 0 carries into its highest bit.
        var nonzero = highs
        var index = 0
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            union |= word
            nonzero &= (word & ~highs) &+ 0x7F7F_7F7F_7F7F_7F7F | word
            index += 8
        }
        while index < bytes.count {
            union |= UInt64(bytes[index])
            if bytes[index] == 0 { nonzero = 0 }
            index += 1
        }
        if nonzero & highs != highs {
            self = .hasNUL
        } else {
            self = union & highs == 0 ? .ascii : .utf8
        }
    }
}
