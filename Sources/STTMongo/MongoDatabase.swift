public import Logging
public import STTCore

/// A MongoDB database, through a pool of connections.
public final class MongoDatabase: Sendable {
    public init(_ configuration: MongoConfiguration, logger: Logger) throws(PortError) {}
    public func prepare() async throws(PortError) { throw Self.missing }
    public func check() async throws(PortError) -> MongoServerState { throw Self.missing }
    public var roundTrips: Int { 0 }
    static var missing: PortError { PortError(.unavailable, port: "job store", "not built yet") }
}

/// What a ping of the server found.
public struct MongoServerState: Sendable {
    public var version: String
    public var isReplicaSet: Bool
    /// The server's clock minus this machine's.
    public var clockOffset: Duration
    public var roundTrip: Duration

    public init(version: String, isReplicaSet: Bool, clockOffset: Duration, roundTrip: Duration) {
        self.version = version
        self.isReplicaSet = isReplicaSet
        self.clockOffset = clockOffset
        self.roundTrip = roundTrip
    }
}
