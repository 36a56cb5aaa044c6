/// Names one claim. Each claim makes a fresh token, so a holder that lost its lease cannot be taken for the next one.
public struct OwnerToken: Hashable, Sendable, Codable, CustomStringConvertible {
    public let description: String

    /// A token of 128 random bits.
    public init() {
        let halves = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        description = String(halves.0, radix: 36) + "-" + String(halves.1, radix: 36)
    }

    public init(_ text: String) {
        description = text
    }

    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The right to work on a stage or a chunk until a time by the store's clock.
public struct Lease: Sendable, Hashable, Codable {
    public var owner: OwnerToken
    public var until: Timestamp

    public init(owner: OwnerToken, until: Timestamp) {
        self.owner = owner
        self.until = until
    }
}
