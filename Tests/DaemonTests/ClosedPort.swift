import Glibc

/// A loopback port where nothing listens.
struct ClosedPort {
    struct Failure: Error {}

    static let secret = "geheim-4711"

    let number: UInt16

    /// Takes a free port and gives it back.
    init() throws {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure() }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isBound else { throw Failure() }
        number = UInt16(bigEndian: address.sin_port)
    }

    /// Settings that name it for all services.
    var environment: [String: String] {
        [
            "MONGODB_URL": "mongodb://user:\(Self.secret)@127.0.0.1:\(number)/?directConnection=true",
            "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "\(number)", "REDIS_PASSWORD": Self.secret,
            "S3_ENDPOINT": "http://127.0.0.1:\(number)", "S3_BUCKET": "bucket", "S3_ACCESS_KEY": "a",
            "S3_SECRET_KEY": Self.secret,
        ]
    }
}
