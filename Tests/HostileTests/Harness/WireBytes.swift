/// Frames as bytes, made without the code under test.
enum WireBytes {
    static let preface: [UInt8] = [0x89, 0x53, 0x54, 0x54, 0x0D, 0x0A, 0x1A, 0x0A]
    /// Preface and a HELLO that speaks version 1.
    static let opening = preface + frame(.hello, payload: number(1, 1) + number(2, 1))

    enum Kind: UInt8 { case hello = 1, call, data, end, cancel, window, ping, goAway }

    static let more: UInt8 = 1
    static let endSend: UInt8 = 2
    static let noMessage: UInt8 = 4
    static let ignorable: UInt8 = 0x80

    static func frame(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) -> [UInt8] {
        header(length: UInt32(payload.count), type: kind.rawValue, flags: flags, stream: stream) + payload
    }

    static func header(
        length: UInt32, type: UInt8, flags: UInt8 = 0, reserved: UInt16 = 0, stream: UInt32 = 0
    ) -> [UInt8] {
        bigEndian(length) + [type, flags, UInt8(reserved >> 8), UInt8(truncatingIfNeeded: reserved)] + bigEndian(stream)
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    // Protobuf.

    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

    static func bytes(_ field: UInt64, _ value: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(value.count)) + value
    }

    static func text(_ field: UInt64, _ value: String) -> [UInt8] { bytes(field, Array(value.utf8)) }

    // Calls.

    static func call(_ method: String, stream: UInt32, deadline: UInt64 = 0, more: [UInt8] = []) -> [UInt8] {
        let deadline = deadline == 0 ? [] : number(2, deadline)
        return frame(.call, stream: stream, payload: text(1, method) + deadline + more)
    }

    /// CALL and the one request, an `Item` of this key.
    static func request(_ method: String, _ key: String, stream: UInt32, deadline: UInt64 = 0) -> [UInt8] {
        call(method, stream: stream, deadline: deadline)
            + frame(.data, flags: endSend, stream: stream, payload: text(1, key))
    }

    static func cancel(_ stream: UInt32) -> [UInt8] { frame(.cancel, stream: stream, payload: number(1, 1)) }

    static func window(_ stream: UInt32, _ limit: UInt64) -> [UInt8] {
        frame(.window, stream: stream, payload: number(1, limit))
    }

    static func ping() -> [UInt8] { frame(.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8]) }

    /// The first number of this field in a message; nil where there is none.
    static func readNumber(_ field: UInt64, in message: ArraySlice<UInt8>) -> UInt64? {
        var rest = message
        while let tag = takeVarint(&rest) {
            switch tag & 7 {
            case 0:
                guard let value = takeVarint(&rest) else { return nil }
                if tag >> 3 == field { return value }
            case 2:
                guard let count = takeVarint(&rest), count <= rest.count else { return nil }
                rest = rest.dropFirst(Int(count))
            default: return nil
            }
        }
        return nil
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var (value, shift) = (UInt64(0), UInt64(0))
        while let byte = bytes.popFirst(), shift < 64 {
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}

func * (bytes: [UInt8], count: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count * count)
    for _ in 0..<count { result += bytes }
    return result
}
