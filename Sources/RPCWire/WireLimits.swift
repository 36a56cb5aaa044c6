/// What one side of a connection accepts. Sent in its HELLO where the peer has to know.
public struct WireLimits: Sendable, Equatable {
    /// One message, assembled.
    public var maxMessageBytes = 4 * 1024 * 1024
    /// One message that this side sends, whatever the peer would take.
    public var maxOutboundMessageBytes = 4 * 1024 * 1024
    /// What all streams of a connection may hold together beyond their initial windows: messages in assembly, complete
    /// ones that nobody has read, and requests of running calls. The stream that would exceed it is ended.
    public var maxHeldBytes = 32 * 1024 * 1024
    /// Calls open at once on a connection. Counts until the handler has returned.
    public var maxStreams = 128
    /// DATA that a new stream may bring before the first WINDOW.
    public var initialWindowBytes = 256 * 1024
    /// What the window of a stream grows to while the application consumes fast. What all windows have grown is at most a
    /// quarter of ``maxHeldBytes``, and counts as held.
    public var maxWindowBytes = 4 * 1024 * 1024
    /// The payload of one DATA frame.
    public var maxFrameBytes = 64 * 1024
    /// The shortest interval between PINGs, in milliseconds.
    public var keepaliveFloorMilliseconds: UInt32 = 1000
    /// Streams that the peer opens and cancels, or makes this side refuse, within ``abuseWindowSeconds``.
    public var maxResets = 200
    /// PINGs within ``abuseWindowSeconds``.
    public var maxPings = 100
    /// DATA frames that bring nothing, within ``abuseWindowSeconds``.
    public var maxEmptyFrames = 100
    /// Frames that bring nothing and that no traffic called for, within ``abuseWindowSeconds``. See docs/PROTOCOL.md §7.
    public var maxIdleFrames = 1000
    /// The time over which the counts above are made.
    public var abuseWindowSeconds: UInt64 = 30
    /// Control output that may wait for a peer that does not read, before nothing more is read from it.
    public var maxControlOutputBytes = 256 * 1024

    public init() {}

    /// What both sides may count on before they know the other's HELLO. No HELLO may offer less.
    public static let smallest: WireLimits = {
        var limits = WireLimits()
        limits.maxMessageBytes = 64 * 1024
        limits.maxStreams = 8
        limits.initialWindowBytes = 64 * 1024
        limits.maxFrameBytes = 16 * 1024
        return limits
    }()
}
