internal import Glibc

/// A socket address of any family.
struct SocketEndpoint: Sendable {
    let family: Int32
    private let bytes: [UInt8]

    /// `nil` where the path is empty or longer than the system takes.
    init?(unixPath: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(unixPath.utf8)
        guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path), !path.contains(0) else {
            return nil
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        family = AF_UNIX
        bytes = withUnsafeBytes(of: address) { Array($0) }
    }

    private init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        return withUnsafeMutableBytes(of: &storage) { raw in
            raw.copyBytes(from: bytes)
            // The storage is large enough and aligned for any address.
            return raw.withMemoryRebound(to: sockaddr.self) { addresses in
                guard let address = addresses.baseAddress else { preconditionFailure("storage has an address") }
                return body(UnsafePointer(address), socklen_t(bytes.count))
            }
        }
    }

    /// Looks a host up. Blocks unless `isNumeric`.
    static func lookUp(_ host: String, port: Int, isNumeric: Bool) -> Result<[SocketEndpoint], LookupFailure> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (isNumeric ? AI_NUMERICHOST : AI_ADDRCONFIG)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else { return .failure(LookupFailure(message: String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(found) }
        var endpoints: [SocketEndpoint] = []
        var next = found
        while let info = next {
            if let address = info.pointee.ai_addr {
                let raw = UnsafeRawBufferPointer(start: address, count: Int(info.pointee.ai_addrlen))
                endpoints.append(SocketEndpoint(family: info.pointee.ai_family, bytes: Array(raw)))
            }
            next = info.pointee.ai_next
        }
        return .success(endpoints)
    }
}

struct LookupFailure: Error {
    var message: String
}
