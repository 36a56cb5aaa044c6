/// What a fetch by URL may take and reach.
public struct FetchLimits: Sendable, Hashable {
    /// From the request to the last byte.
    public var totalTime: Duration
    /// Without a byte for this long the server has failed.
    public var stallTime: Duration
    public var maximumRedirects: Int
    /// Whether loopback, private and other addresses that are not of the public internet may be read. They give clients
    /// a way to what only this machine can reach, such as a cloud's metadata service.
    public var allowsPrivateAddresses: Bool

    public init(
        totalTime: Duration = .seconds(600), stallTime: Duration = .seconds(20), maximumRedirects: Int = 5,
        allowsPrivateAddresses: Bool = false
    ) {
        self.totalTime = totalTime
        self.stallTime = stallTime
        self.maximumRedirects = maximumRedirects
        self.allowsPrivateAddresses = allowsPrivateAddresses
    }
}
