import struct Foundation.Date

/// Where the current time of day comes from. Stores take their leases from it, so that tests can turn it.
public protocol WallClock: Sendable {
    var now: Timestamp { get }
}

/// The machine's clock.
public struct SystemWallClock: WallClock {
    public init() {}
    public var now: Timestamp { Timestamp(Date()) }
}
