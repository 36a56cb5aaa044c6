package import STTProto

#if canImport(Glibc)
    internal import Glibc
#endif

// The control messages that come with every call or every few DATA frames, read and written without protobuf-c, which
// takes several allocations for each. What is not plain is left to it, so both always agree; a test compares them.

extension ControlMessage.Call {
    /// The payload of a CALL.
    package func encodedPayload() throws(ProtoError) -> [UInt8] {
        let texts: [(UInt8, String)] = [(0x0A, method), (0x22, idempotencyKey), (0x2A, traceparent)]
        guard metadata.isEmpty, !texts.contains(where: { $0.1.utf8.contains(0) }) else { return try encode() }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(method.utf8.count + idempotencyKey.utf8.count + traceparent.utf8.count + 40)
        for (tag, text) in texts {
            if !text.isEmpty {
                bytes.append(tag)
                bytes.appendVarint(UInt64(text.utf8.count))
                bytes.append(contentsOf: text.utf8)
            }
            if tag == 0x0A, deadlineMilliseconds > 0 {
                bytes.append(0x10)
                bytes.appendVarint(deadlineMilliseconds)
            }
        }
        return bytes
    }

    /// Appends the frame.
    ///
    /// - Parameters:
    ///   - payload: Encoded without a deadline.
    ///   - deadlineMilliseconds: Field 2, after the others; 0 for none.
    static func appendFrame(
        to output: inout [UInt8], stream: UInt32, _ payload: [UInt8], deadlineMilliseconds: UInt64
    ) {
        let deadlineBytes = deadlineMilliseconds == 0 ? 0 : 1 + varintBytes(deadlineMilliseconds)
        FrameHeader(length: payload.count + deadlineBytes, type: FrameType.call.rawValue, stream: stream)
            .write(to: &output)
        output.append(contentsOf: payload)
        if deadlineMilliseconds == 0 { return }
        output.append(0x10)
        output.appendVarint(deadlineMilliseconds)
    }

    /// Reads a CALL.
    ///
    /// - Parameter likelyMethod: Used for the method's name where it is the same, instead of another string.
    package static func read(
        _ bytes: UnsafeRawBufferPointer, likelyMethod: String = ""
    ) throws(ProtoError) -> ControlMessage.Call {
        if let plain = readPlain(bytes, likelyMethod: likelyMethod) { return plain }
        return try decode(bytes)
    }

    /// A CALL of a method, a deadline, a key and a trace only; nil where there is more to it, or anything is odd.
    package static func readPlain(_ bytes: UnsafeRawBufferPointer, likelyMethod: String = "") -> ControlMessage.Call? {
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
    package static func read(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> ControlMessage.Window {
        var position = 1
        guard bytes.first == 0x08, let limit = readVarint(bytes, &position), position == bytes.count else {
            return try decode(bytes)
        }
        return ControlMessage.Window(limit: limit)
    }

    /// Appends the frame.
    package func appendFrame(to output: inout [UInt8], stream: UInt32) {
        var payload = 0
        if limit > 0 { payload = 1 + varintBytes(limit) }
        FrameHeader(length: payload, type: FrameType.window.rawValue, stream: stream).write(to: &output)
        if limit == 0 { return }
        output.append(0x08)
        output.appendVarint(limit)
    }
}

extension [UInt8] {
    fileprivate mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

extension ControlMessage.End {
    /// Reads an END. Most are empty: OK.
    package static func read(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> ControlMessage.End {
        if bytes.isEmpty { return ControlMessage.End(code: 0) }
        return try decode(bytes)
    }
}

private func varintBytes(_ value: UInt64) -> Int { (max(1, 64 - value.leadingZeroBitCount) + 6) / 7 }

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
