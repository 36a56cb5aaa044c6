/// The kinds of frames. The numbers are the protocol's.
package enum FrameType: UInt8, Sendable, CaseIterable {
    case hello = 1
    case call = 2
    case data = 3
    case end = 4
    case cancel = 5
    case window = 6
    case ping = 7
    case goAway = 8
}

/// The flag bits of a frame.
package struct FrameFlags: OptionSet, Sendable, Equatable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// DATA: the message goes on in the stream's next DATA frame.
    package static let more = FrameFlags(rawValue: 0x01)
    /// DATA from a client: the stream's last.
    package static let endSend = FrameFlags(rawValue: 0x02)
    /// DATA with `endSend` and no payload: there is no message here, not even an empty one.
    package static let noMessage = FrameFlags(rawValue: 0x04)
    /// PING: an answer.
    package static let ack = FrameFlags(rawValue: 0x01)
    /// A peer that does not know the frame's type ignores the frame.
    package static let ignorable = FrameFlags(rawValue: 0x80)
}

/// The twelve bytes before every payload, big-endian.
package struct FrameHeader: Sendable, Equatable {
    package static let byteCount = 12

    package var length: UInt32
    package var type: UInt8
    package var flags: FrameFlags
    package var reserved: UInt16
    package var stream: UInt32

    package init(length: Int, type: UInt8, flags: FrameFlags = [], reserved: UInt16 = 0, stream: UInt32 = 0) {
        self.length = UInt32(truncatingIfNeeded: length)
        self.type = type
        self.flags = flags
        self.reserved = reserved
        self.stream = stream
    }

    /// Reads a header from the first twelve bytes of `bytes`.
    package init(reading bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count >= Self.byteCount)
        length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
        type = bytes[4]
        flags = FrameFlags(rawValue: bytes[5])
        reserved = UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
        stream = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    }

    package func write(to output: inout [UInt8]) {
        let second = UInt32(type) << 24 | UInt32(flags.rawValue) << 16 | UInt32(reserved)
        withUnsafeBytes(of: (length.bigEndian, second.bigEndian, stream.bigEndian)) {
            output.append(contentsOf: $0)
        }
    }
}

/// A whole frame as read. The payload is valid until the decoder is asked for the next one.
package struct Frame {
    package var header: FrameHeader
    package var payload: UnsafeRawBufferPointer

    package init(header: FrameHeader, payload: UnsafeRawBufferPointer) {
        self.header = header
        self.payload = payload
    }
}

extension [UInt8] {
    /// Appends a frame.
    package mutating func appendFrame(
        _ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, payload: some Collection<UInt8> = []
    ) {
        FrameHeader(length: payload.count, type: type.rawValue, flags: flags, stream: stream).write(to: &self)
        append(contentsOf: payload)
    }
}
