public import RPCTLS
public import RPCTransport

/// How a client behaves.
///
/// Every call is bounded: one with a deadline by that; one without by ``connectTimeout`` for each server while it waits for
/// a connection (unless it waits for ready), by the connection's keepalive while it is open, and by its stall timeout
/// while the server does not take what is sent.
public struct RPCClientConfiguration: Sendable {
    /// For a name's addresses, for an attempt to connect, and from that to the server's HELLO: for each of them.
    public var connectTimeout: Duration = .seconds(5)
    /// The first wait after a failed attempt, for each server by itself. Doubles up to ``maxBackoff``, each jittered by
    /// half.
    public var initialBackoff: Duration = .milliseconds(100)
    public var maxBackoff: Duration = .seconds(5)
    /// Whether the order of the addresses is drawn by lot, so that many clients with one list do not all sit on its first
    /// server. False keeps the order: the first that works is used.
    public var spreadsOverAddresses = true
    /// The deadline of calls that set none. nil: none.
    public var defaultTimeout: Duration?
    /// How often a call is sent again by itself: one that never started on a server, or one with an idempotency key whose
    /// server went away before it answered.
    public var maxTransparentRetries = 3
    /// Bounds and times of each connection. A client has few streams and nobody to protect from itself, so each of them may
    /// have 512 KiB waiting: the next parts of an upload are there when the last have gone out.
    public var connection: ConnectionConfiguration = {
        var connection = ConnectionConfiguration()
        connection.streamOutputBytes = 512 * 1024
        return connection
    }()
    /// The bearer token of the HELLO; empty for none.
    public var token: [UInt8] = []
    /// What servers with TLS are trusted by, and the certificate that this client shows them. nil: the system's
    /// authorities, and none.
    public var tls: TLSContext?
    /// Names the program in its HELLO, for the server's logs.
    public var agent = "stt-rpc"
    /// See every call begin and end, in this order.
    public var interceptors: [any CallInterceptor] = []

    /// Looks names up. May block.
    package var lookup = Resolver.system
    package typealias Dial = @Sendable (ServerAddress) throws(SystemError) -> Int32
    /// Gives a connected non-blocking socket instead of connecting to the address: for tests in one process.
    package var dial: Dial?

    public init() {}
}
