import Glibc
import STTCore

/// A TCP port of the loopback interface that is kept for one server.
///
/// whisper-server sets SO_REUSEPORT, so two of them that were given the same port would both start and share its
/// connections. The socket here is bound with the same option and never listens: the server can bind next to it and gets all
/// connections, while the kernel gives the port to nobody else who asks for a free one, for as long as this object exists.
final class LoopbackPort: Sendable {
    let number: UInt16
    private let descriptor: Int32

    init() throws(EngineError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        guard let port = Self.bindToAnyPort(descriptor) else {
            let error = errno
            close(descriptor)
            throw Self.failure(error)
        }
        number = port
    }

    deinit {
        close(descriptor)
    }

    private static func bindToAnyPort(_ descriptor: Int32) -> UInt16? {
        var yes: Int32 = 1
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        for option in [SO_REUSEADDR, SO_REUSEPORT] {
            guard setsockopt(descriptor, SOL_SOCKET, option, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
                return nil
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16? in
                var length = length
                guard bind(descriptor, generic, length) == 0, getsockname(descriptor, generic, &length) == 0 else {
                    return nil
                }
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    UInt16(bigEndian: $0.pointee.sin_port)
                }
            }
        }
    }

    private static func failure(_ error: Int32) -> EngineError {
        EngineError(.unavailable, "cannot get a port for whisper-server: \(String(cString: strerror(error)))")
    }
}
