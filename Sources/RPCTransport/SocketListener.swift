internal import CLinuxShim
internal import Glibc

/// A listening socket. Accepted sockets are non-blocking.
///
/// Concurrency: immutable; the descriptor may be used from any thread until ``close()``.
package final class SocketListener: Sendable {
    package let descriptor: Int32
    /// As bound: with the port that the system chose.
    package let address: ListenAddress

    private static let backlog: Int32 = 1024

    /// Binds and listens. A unix socket's file that nobody listens on any more is replaced.
    ///
    /// - Parameter unixMode: Permissions of a unix socket's file.
    /// - Throws: ``AddressError`` with the reason.
    package init(_ address: ListenAddress, unixMode: UInt32) throws(AddressError) {
        switch address {
        case .tcp(let host, let port):
            let bound = try Self.listenTCP(address, host: host, port: port)
            descriptor = bound.descriptor
            self.address = .tcp(host: bound.host, port: bound.port)
        case .tls(let host, let port):
            let bound = try Self.listenTCP(address, host: host, port: port)
            descriptor = bound.descriptor
            self.address = .tls(host: bound.host, port: bound.port)
        case .unix(let path):
            descriptor = try Self.listenUnix(address, path: path, mode: unixMode)
            self.address = address
        }
    }

    private static func listenTCP(
        _ address: ListenAddress, host: String, port: UInt16
    ) throws(AddressError) -> (descriptor: Int32, host: String, port: UInt16) {
        guard let target = try SocketAddress.resolve(host: host, port: port, passive: true).first else {
            throw AddressError(address, SystemError("getaddrinfo", code: ENOENT))
        }
        let descriptor = socket(
            target.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0
        )
        guard descriptor >= 0 else { throw AddressError(address, SystemError("socket")) }
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR)
        guard target.withPointer({ bind(descriptor, $0, $1) }) == 0 else {
            throw failure(address, "bind", descriptor)
        }
        guard listen(descriptor, backlog) == 0 else { throw failure(address, "listen", descriptor) }
        let bound = SocketAddress.local(of: descriptor)
        return (descriptor, bound?.host ?? host, bound?.port ?? port)
    }

    private static func listenUnix(_ address: ListenAddress, path: String, mode: UInt32) throws(AddressError) -> Int32 {
        let target = SocketAddress(unixPath: path)
        try removeStale(address, path, target)
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw AddressError(address, SystemError("socket")) }
        // The mode of the descriptor is that of the file when bind makes it, so that it is never open to more.
        fchmod(descriptor, mode)
        guard target.withPointer({ bind(descriptor, $0, $1) }) == 0 else {
            throw failure(address, "bind", descriptor)
        }
        guard chmod(path, mode) == 0, listen(descriptor, backlog) == 0 else {
            let error = failure(address, "listen", descriptor)
            unlink(path)
            throw error
        }
        return descriptor
    }

    /// Removes a socket's file that refuses connections: its server is gone.
    private static func removeStale(
        _ address: ListenAddress, _ path: String, _ target: SocketAddress
    ) throws(AddressError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw AddressError(address, SystemError("bind", code: EADDRINUSE), "the path is a file that is no socket")
        }
        let probe = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw AddressError(address, SystemError("socket")) }
        defer { Glibc.close(probe) }
        let connected = target.withPointer { connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else {
            throw AddressError(address, SystemError("bind", code: EADDRINUSE))
        }
        guard unlink(path) == 0 else { throw AddressError(address, SystemError("unlink")) }
    }

    private static func failure(_ address: ListenAddress, _ call: String, _ descriptor: Int32) -> AddressError {
        let error = SystemError(call)
        Glibc.close(descriptor)
        return AddressError(address, error)
    }

    /// What came of accepting.
    package enum Accepted {
        case socket(Int32, peer: SocketAddress)
        case none
        case failed(SystemError)
    }

    package func accept() -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        while true {
            let accepted = withUnsafeMutableBytes(of: &storage) { raw in
                stt_accept4(
                    descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length,
                    Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
            }
            if accepted >= 0 {
                if !address.isUnix { setOption(accepted, Int32(IPPROTO_TCP), TCP_NODELAY) }
                return .socket(accepted, peer: SocketAddress(storage, length))
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return .none
            default: return .failed(SystemError("accept"))
            }
        }
    }

    /// Stops listening, and removes a unix socket's file.
    package func close() {
        Glibc.close(descriptor)
        if case .unix(let path) = address { unlink(path) }
    }
}

/// Turns a socket option on. One that the system does not know costs only what it would have brought.
func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
    var on: Int32 = 1
    setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
}
