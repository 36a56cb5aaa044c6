public import RPCTLS
public import RPCTransport
public import RPCWire

/// How a server behaves. Every limit is enforced before memory is taken.
public struct RPCServerConfiguration: Sendable {
    /// Event loops, each a thread; connections are dealt out to them in turn.
    public var eventLoops = 2
    /// Open connections of all addresses together.
    public var maxConnections = 20_000
    /// Open connections of one peer address (TCP only).
    public var maxConnectionsPerAddress = 10_000
    /// What all connections together may make the server keep: messages that came and are not used up, output that clients
    /// have not taken, 2 KiB for each open call. Each event loop has an equal part of it. Beyond it the connections that keep
    /// most lose calls, with RESOURCE_EXHAUSTED.
    public var maxBufferedBytes = 1024 * 1024 * 1024
    /// Bounds and times of each connection.
    public var connection = ConnectionConfiguration()
    /// Permissions of a unix socket.
    public var unixSocketMode: UInt32 = 0o600
    /// Certificate and rules of the addresses with TLS. Needed where there is one.
    public var tls: TLSContextSource?
    /// Names the program in its HELLO, for logs.
    public var agent = "stt-rpc"
    /// Decides about each client's HELLO. nil accepts every client, without a tenant.
    public var authenticator: (any ConnectionAuthenticator)?
    /// See every call begin and end, in this order.
    public var interceptors: [any CallInterceptor] = []

    public init() {}
}

/// Decides who may use a connection.
public protocol ConnectionAuthenticator: Sendable {
    /// Called for each connection when it begins and at ``RPCServer/reauthenticate()``, on its event loop: must not block.
    ///
    /// - Parameter token: The token of the client's HELLO, empty where it gave none. To be compared in constant time.
    /// - Returns: The tenant; nil where the connection has none.
    /// - Throws: ``RPCWire/RPCError`` to end the connection.
    func authenticate(token: [UInt8], peer: PeerIdentity) throws(RPCError) -> String?
}
