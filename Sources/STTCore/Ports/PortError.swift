/// What the adapters of all ports throw.
public struct PortError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The service behind the port does not answer, or not in time. Trying again later may help.
        case unavailable
        /// No space left on the device, or a quota is used up.
        case storageFull
        case notFound
        /// Something stored cannot be read back.
        case corrupt
        /// The caller asked for something that cannot be, such as an impossible key or range.
        case invalidArgument
        case cancelled
    }

    public var code: Code
    /// Such as "job store".
    public var port: String
    /// What is wrong and what to do.
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, port: String, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.port = port
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(port): \(message)" }
}
