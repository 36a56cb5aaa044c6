internal import STTProto

#if canImport(Glibc)
    internal import Glibc
#endif

// The control messages that come with every call or every few DATA frames, read and written without protobuf-c, which
// takes several allocations for each. What is not plain is left to it, so both always agree; a test compares them.

extension ControlMessage.Call {
    /// Reads a CALL.
    ///
    /// - Parameter likelyMethod: Used for the method's name where it is the same, instead of another string.
    static func read(
        _ bytes: UnsafeRawBufferPointer, likelyMethod: String = ""
    ) throws(ProtoError) -> ControlMessage.Call {
        if let plain = readPlain(bytes, likelyMethod: likelyMethod) { return plain }
        return try decode(bytes)
    }

    /// A CALL of a method, a deadline, a key and a trace only; nil where there is more to it, or anything is odd.
    static func readPlain(_ bytes: UnsafeRawBufferPointer, likelyMethod: String = "") -> ControlMessage.Call? {
        var call = ControlMessage.Call(method: "")
        var position = 0
        while position < bytes.count {
            let tag = bytes[position]
            position += 1
            guard let value = readVarint(bytes, &position) else { return nil }
            if tag == 0x10 {
                call.deadlineMilliseconds = value
                continue
            }
            guard value <= bytes.count - position else { return nil }
            let end = position + Int(value)
            let text = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
            position = end
            if tag == 0x0A, likelyMethod.hasBytes(text) {
                call.method = likelyMethod
                continue
            }
            guard !text.contains(0), let string = String(validating: text, as: UTF8.self) else { return nil }
            switch tag {
            case 0x0A: call.method = string
            case 0x22: call.idempotencyKey = string
            case 0x2A: call.traceparent = string
            default: return nil
            }
        }
        return call
    }
}

extension String {
    fileprivate func hasBytes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count == bytes.count, let start = bytes.baseAddress else { return false }
        return utf8.withContiguousStorageIfAvailable { own in
            own.baseAddress.map { memcmp($0, start, own.count) == 0 } ?? false
        } ?? false
    }
}

extension ControlMessage.Window {
    /// Reads a WINDOW.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> ControlMessage.Window {
        var position = 1
        guard bytes.first == 0x08, let limit = readVarint(bytes, &position), position == bytes.count else {
            return try decode(bytes)
        }
        return ControlMessage.Window(limit: limit)
    }

    /// Appends the frame.
    func appendFrame(to output: inout [UInt8], stream: UInt32) {
        var payload = 0
        if limit > 0 { payload = 1 + (max(1, 64 - limit.leadingZeroBitCount) + 6) / 7 }
        FrameHeader(length: payload, type: FrameType.window.rawValue, stream: stream).write(to: &output)
        if limit == 0 { return }
        output.append(0x08)
        var rest = limit
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }
}

extension ControlMessage.End {
    /// Reads an END. Most are empty: OK.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> ControlMessage.End {
        if bytes.isEmpty { return ControlMessage.End(code: 0) }
        return try decode(bytes)
    }
}

/// A varint of at most nine bytes, which no bit can be lost of; nil where there is none.
private func readVarint(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 63 {
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
    }
    return nil
}
