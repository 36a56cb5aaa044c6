/// Certificates and rules of one side of TLS. Files are PEM.
public struct TLSConfiguration: Sendable, Equatable {
    /// The side's certificate, followed by those that lead to the root. Needed by a server.
    public var certificateChainFile: String?
    /// The key of the first certificate.
    public var privateKeyFile: String?
    /// The roots that the peer's certificate must lead to. Client: `nil` is the system's. Server: `nil` asks clients for
    /// no certificate; otherwise a client without one is turned away.
    public var trustedRootsFile: String?
    /// Client: the name that the server's certificate must carry. `nil`: the host of the address.
    public var serverName: String?

    public init(
        certificateChainFile: String? = nil, privateKeyFile: String? = nil, trustedRootsFile: String? = nil,
        serverName: String? = nil
    ) {
        self.certificateChainFile = certificateChainFile
        self.privateKeyFile = privateKeyFile
        self.trustedRootsFile = trustedRootsFile
        self.serverName = serverName
    }
}
