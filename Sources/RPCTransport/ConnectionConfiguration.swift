public import RPCWire

/// The bounds and times of one connection.
public struct ConnectionConfiguration: Sendable {
    public var limits = WireLimits()
    /// From the connection's start to the peer's HELLO.
    public var helloTimeout: Duration = .seconds(5)
    /// From the first byte of a frame to its last.
    public var frameTimeout: Duration = .seconds(10)
    /// How long output may wait without the peer taking a byte.
    public var stallTimeout: Duration = .seconds(20)
    /// A connection without a stream is closed after this.
    public var idleTimeout: Duration = .seconds(30 * 60)
    /// A PING is sent after this long without a byte from the peer.
    public var keepaliveInterval: Duration = .seconds(30)
    /// The peer is dead when this long after a PING nothing came.
    public var keepaliveTimeout: Duration = .seconds(10)
    /// How much encoded output of one stream may wait in memory before its sender suspends.
    public var streamOutputBytes = 128 * 1024
    /// The same for all streams of the connection together; each has an equal share, of 4 KiB at least.
    public var connectionOutputBytes = 1024 * 1024
    /// Replies of calls with one reply that may wait together for a peer that does not take them. One may always wait.
    public var waitingReplyBytes = 32 * 1024 * 1024

    public init() {}
}
