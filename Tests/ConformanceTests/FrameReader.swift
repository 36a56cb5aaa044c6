import Foundation
import RPCWire
import STTProto

/// A frame as it came.
struct ReceivedFrame: CustomStringConvertible {
    var header: FrameHeader
    var payload: [UInt8]

    var name: String {
        switch FrameType(rawValue: header.type) {
        case .hello: "HELLO"
        case .call: "CALL"
        case .data: "DATA"
        case .end: "END"
        case .cancel: "CANCEL"
        case .window: "WINDOW"
        case .ping: "PING"
        case .goAway: "GOAWAY"
        case nil: "type \(header.type)"
        }
    }

    var code: UInt32? { (try? ControlMessage.End.decode(payload))?.code }
    var goAway: ControlMessage.GoAway? { try? ControlMessage.GoAway.decode(payload) }
    var limit: UInt64? { (try? ControlMessage.Window.decode(payload))?.limit }

    var description: String {
        var text = "\(name) stream \(header.stream) flags \(header.flags.rawValue) (\(header.length) bytes)"
        if name == "END" { text += " code \(code ?? 999)" }
        if name == "GOAWAY", let goAway { text += " reason \(goAway.reason): \(goAway.message)" }
        if name == "WINDOW" { text += " limit \(limit ?? 0)" }
        return text
    }
}

/// Reads frames from a blocking socket, with a limit of time on each read.
///
/// Concurrency: used by one thread at a time.
final class FrameReader: @unchecked Sendable {
    struct Closed: Error {}
    struct TimedOut: Error, CustomStringConvertible {
        var description: String { "nothing came within 10 s" }
    }

    let descriptor: Int32
    private var input: [UInt8] = []
    private var start = 0

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    static func connect(port: UInt16) throws -> FrameReader {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let reader = FrameReader(owning: descriptor)
        guard result == 0 else { throw Closed() }
        return reader
    }

    /// False where the peer has closed, which it may while a broken rule's bytes are still being sent.
    @discardableResult
    func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func readPreface() throws { _ = try take(WireProtocol.preface.count) }

    func next() throws -> ReceivedFrame {
        let header = try take(FrameHeader.byteCount).withUnsafeBytes { FrameHeader(reading: $0) }
        return ReceivedFrame(header: header, payload: try take(Int(header.length)))
    }

    private func take(_ count: Int) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while input.count - start < count {
            let received = recv(descriptor, &buffer, buffer.count, 0)
            if received < 0, errno == EAGAIN { throw TimedOut() }
            guard received > 0 else { throw Closed() }
            input.append(contentsOf: buffer[..<received])
        }
        defer { start += count }
        return Array(input[start..<start + count])
    }
}
