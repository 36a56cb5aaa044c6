/// What a Redis server says about itself.
public struct RedisServerState: Sendable, Hashable {
    /// Such as "7.0.15".
    public var version: String
    /// Of a PING.
    public var roundTrip: Duration
    /// "master" or "slave". Only a master takes commands that write.
    public var role: String
    /// The most memory the server takes for data, in bytes. 0: no limit.
    public var maximumMemory: Int
    public var usedMemory: Int
    /// What happens when the memory is used up. "noeviction" refuses writes; the others remove keys, which costs only
    /// latency here.
    public var maximumMemoryPolicy: String

    public init(
        version: String, roundTrip: Duration, role: String, maximumMemory: Int, usedMemory: Int,
        maximumMemoryPolicy: String
    ) {
        self.version = version
        self.roundTrip = roundTrip
        self.role = role
        self.maximumMemory = maximumMemory
        self.usedMemory = usedMemory
        self.maximumMemoryPolicy = maximumMemoryPolicy
    }
}
