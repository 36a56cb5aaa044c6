/// Who is at the other end of a connection.
public struct PeerIdentity: Sendable {
    /// The peer's address, for logs.
    public let name: String
    /// What the transport vouches for.
    public let transport: PeerCredentials

    public init(name: String, transport: PeerCredentials = .none) {
        self.name = name
        self.transport = transport
    }
}

/// What a transport knows of a peer without asking it.
public enum PeerCredentials: Sendable, Equatable {
    case none
    /// A process of this machine, as the kernel names it (`SO_PEERCRED`).
    case unix(userID: UInt32, groupID: UInt32, processID: Int32)
    /// TLS with a certificate that was verified.
    ///
    /// - Parameters:
    ///   - commonName: CN of its subject; empty where it has none.
    ///   - names: DNS names and URIs of its subject alternative names.
    case certificate(commonName: String, names: [String])
}
