public import RPCTLS
public import RPCTransport

/// How a client behaves.
public struct RPCClientConfiguration: Sendable {
    /// From the start of an attempt to the server's HELLO, for each address.
    public var connectTimeout: Duration = .seconds(5)
    /// The first wait after a failed attempt. Doubles up to ``maxBackoff``, each jittered by half.
    public var initialBackoff: Duration = .milliseconds(100)
    public var maxBackoff: Duration = .seconds(5)
    /// The deadline of calls that set none. nil: none.
    public var defaultTimeout: Duration?
    /// How often a call that never started on a server is sent to another connection.
    public var maxTransparentRetries = 3
    /// Bounds and times of each connection.
    public var connection = ConnectionConfiguration()
    /// The bearer token of the HELLO; empty for none.
    public var token: [UInt8] = []
    /// What servers with TLS are trusted by, and the certificate that this client shows them. nil: the system's
    /// authorities, and none.
    public var tls: TLSContext?
    /// Names the program in its HELLO, for the server's logs.
    public var agent = "stt-rpc"
    /// See every call begin and end, in this order.
    public var interceptors: [any CallInterceptor] = []

    public init() {}
}
