/// The one error of the RPC layer: how a call failed.
///
/// A handler throws it to choose the status of its call; a client gets it from every call that does not end with
/// ``StatusCode/ok``.
public struct RPCError: Error, Sendable {
    public var code: StatusCode
    /// For a person: what is wrong and what to do.
    public var message: String
    /// An encoded message that the method documents, or empty. At most 16 KiB travel.
    public var details: [UInt8]
    /// Trying again sooner than this is of no use.
    public var retryAfter: Duration?
    /// What caused it on this side. Never sent.
    public var cause: (any Error)?

    public init(
        _ code: StatusCode, _ message: String, details: [UInt8] = [], retryAfter: Duration? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryAfter = retryAfter
        self.cause = cause
    }
}

extension RPCError: CustomStringConvertible {
    public var description: String {
        message.isEmpty ? code.description : "\(code): \(message)"
    }
}
