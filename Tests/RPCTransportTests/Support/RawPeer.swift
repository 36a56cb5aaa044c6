import Foundation
import RPCTransport
import RPCWire
import STTProto

/// A client at the level of bytes, for what a real one never does. Blocking, with a limit of time on each read.
final class RawPeer: @unchecked Sendable {
    struct Closed: Error {}
    struct TimedOut: Error {}
    struct ReceivedFrame {
        let header: FrameHeader
        let payload: [UInt8]
    }

    private(set) var descriptor: Int32
    private var input: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Closed() }
        setTimeout()
    }

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
        setTimeout()
    }

    deinit { close() }

    private func setTimeout() {
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    func send(_ header: FrameHeader, _ payload: [UInt8] = []) throws {
        var bytes: [UInt8] = []
        header.write(to: &bytes)
        try send(bytes + payload)
    }

    func send(
        _ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, _ message: some ProtoMessage
    ) throws {
        try send(type, flags: flags, stream: stream, payload: try message.encode())
    }

    func send(_ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, payload: [UInt8] = []) throws {
        var bytes: [UInt8] = []
        bytes.appendFrame(type, flags: flags, stream: stream, payload: payload)
        try send(bytes)
    }

    /// CALL and the one request, in one write.
    func sendCall(
        _ method: String, _ request: some ProtoMessage, stream: UInt32 = 1, deadlineMilliseconds: UInt64 = 0
    ) throws {
        var bytes: [UInt8] = []
        let call = ControlMessage.Call(method: method, deadlineMilliseconds: deadlineMilliseconds)
        bytes.appendFrame(.call, stream: stream, payload: try call.encode())
        bytes.appendFrame(.data, flags: .endSend, stream: stream, payload: try request.encode())
        try send(bytes)
    }

    /// Also reads the server's HELLO.
    func sendPrefaceAndHello() throws {
        try send(WireProtocol.preface)
        try send(.hello, ControlMessage.Hello())
        _ = try readFrame(.hello)
    }

    /// The next frame of the type; others are passed over.
    func readFrame(_ type: FrameType) throws -> ReceivedFrame {
        while true {
            let frame = try readFrame()
            if frame.header.type == type.rawValue { return frame }
        }
    }

    func readFrame() throws -> ReceivedFrame {
        try fill(FrameHeader.byteCount)
        let header = input.withUnsafeBytes { FrameHeader(reading: $0) }
        let total = FrameHeader.byteCount + Int(header.length)
        try fill(total)
        defer { input.removeFirst(total) }
        return ReceivedFrame(header: header, payload: Array(input[FrameHeader.byteCount..<total]))
    }

    func readEnd() throws -> ControlMessage.End {
        try ControlMessage.End.decode(readFrame(.end).payload)
    }

    /// The reason of the GOAWAY that ends the connection, once it is closed.
    func readGoAwayAndClose() throws -> CloseReason? {
        let goAway = try ControlMessage.GoAway.decode(readFrame(.goAway).payload)
        do {
            while true { _ = try readFrame() }
        } catch is Closed {
            return CloseReason(rawValue: goAway.reason)
        }
    }

    func ping() throws -> Bool {
        try send(.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8])
        return try readFrame(.ping).payload == [1, 2, 3, 4, 5, 6, 7, 8]
    }

    private func fill(_ count: Int) throws {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while input.count < count {
            let received = recv(descriptor, &buffer, buffer.count, 0)
            if received < 0, errno == EAGAIN { throw TimedOut() }
            guard received > 0 else { throw Closed() }
            input.append(contentsOf: buffer[..<received])
        }
    }
}
