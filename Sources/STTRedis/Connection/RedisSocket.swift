internal import Glibc

/// A non-blocking stream socket, closed when it is released.
///
/// Concurrency: belongs to one thread.
final class RedisSocket {
    enum Transfer {
        case bytes(Int)
        case wouldBlock
        case ended
        case failed(errno: Int32)
    }

    let descriptor: Int32

    /// - Returns: The socket, and whether it is connected already. Else it is once it is writable and ``pendingError``
    ///   is 0.
    static func connect(to address: SocketEndpoint) -> Result<(RedisSocket, isConnected: Bool), SystemFailure> {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(address.family, kind, 0)
        guard descriptor >= 0 else { return .failure(SystemFailure(code: errno)) }
        let socket = RedisSocket(descriptor)
        if address.family != AF_UNIX {
            var one: Int32 = 1
            // Without it only latency is lost.
            _ = setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        if address.withPointer({ Glibc.connect(descriptor, $0, $1) }) == 0 { return .success((socket, true)) }
        let code = errno
        return code == EINPROGRESS ? .success((socket, false)) : .failure(SystemFailure(code: code))
    }

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// 0: none.
    var pendingError: Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        transfer { Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        let result = transfer { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        if case .bytes(0) = result { return .ended }
        return result
    }

    private func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(errno: errno)
            }
        }
    }
}

struct SystemFailure: Error {
    var code: Int32

    var message: String { String(cString: strerror(code)) }
}
