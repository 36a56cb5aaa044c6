public import RPCServer
public import RPCTransport
public import RPCWire
import STTCore

/// Decides who may connect, and as which tenant.
///
/// - A token that was sent must be right, whatever the transport says.
/// - On a unix socket the kernel tells who the peer is: its user must be on the list, and then no token is needed unless
///   the configuration asks for one there, too.
/// - A client certificate that was verified names the tenant that the token file gives it.
/// - Without a token file every other client is the tenant `default`.
///
/// Concurrency: immutable, but for the directory, which looks after itself.
public struct AccessControl: ConnectionAuthenticator {
    private let directory: TokenDirectory
    private let unixUsers: Set<UInt32>
    private let unixNeedsToken: Bool

    /// - Parameters:
    ///   - unixUsers: User ids that may use unix sockets.
    ///   - unixNeedsToken: Whether they need a token as well.
    public init(directory: TokenDirectory, unixUsers: Set<UInt32>, unixNeedsToken: Bool = false) {
        self.directory = directory
        self.unixUsers = unixUsers
        self.unixNeedsToken = unixNeedsToken
    }

    public func authenticate(token: [UInt8], peer: PeerIdentity) throws(RPCError) -> String? {
        if case .unix(let user, _, _) = peer.transport, !unixUsers.contains(user) {
            throw RPCError(
                .unauthenticated, "user \(user) may not use this socket; the server's auth.unixUsers lists who may")
        }
        guard directory.path != nil else { return nil }
        if !token.isEmpty { return try directory.tenant(ofToken: token) }
        switch peer.transport {
        case .unix where !unixNeedsToken: return Tenant.default.description
        case .certificate(let commonName, let names):
            if let tenant = try directory.tenant(ofCertificate: names + [commonName].filter { !$0.isEmpty }) {
                return tenant
            }
            throw RPCError(
                .unauthenticated, "the server asks for a token, and its token file has no entry for this certificate")
        case .unix, .none: throw RPCError(.unauthenticated, "the server asks for a token")
        }
    }
}
