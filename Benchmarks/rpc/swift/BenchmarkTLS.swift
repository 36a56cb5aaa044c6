internal import RPCClient
internal import RPCServer

/// `--tls DIR` at the end of the arguments: the same over TLS, with `server.pem`, `server.key` and `ca.pem` of that folder.
enum BenchmarkTLS {
    private static let folder: String? = {
        let end = CommandLine.arguments.suffix(2)
        return end.first == "--tls" ? end.last : nil
    }()

    /// The arguments without it.
    static var arguments: ArraySlice<String> { CommandLine.arguments.dropFirst().dropLast(folder == nil ? 0 : 2) }

    static func address(port: UInt16) -> ServerAddress {
        folder == nil ? .tcp(host: "127.0.0.1", port: port) : .tls(host: "127.0.0.1", port: port)
    }

    static func port(of addresses: [ServerAddress]) -> UInt16? {
        switch addresses.first {
        case .tcp(_, let port), .tls(_, let port): port
        default: nil
        }
    }

    static func client() throws -> TLSContext? {
        try folder.map { try TLSContext.client(TLSConfiguration(trustedRootsFile: "\($0)/ca.pem")) }
    }

    static func server() throws -> TLSContextSource? {
        try folder.map {
            try TLSContextSource(
                TLSConfiguration(certificateChainFile: "\($0)/server.pem", privateKeyFile: "\($0)/server.key"))
        }
    }
}
