/// Whom a job belongs to. Jobs of one tenant do not exist for another.
public struct Tenant: Hashable, Sendable, Codable, CustomStringConvertible {
    public let description: String

    public init(_ name: String) {
        description = name
    }

    /// The tenant of every call on a server that asks for no token.
    public static let `default` = Tenant("default")

    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
