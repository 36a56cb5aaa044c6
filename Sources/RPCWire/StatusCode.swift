/// How a call ended. The numbers and meanings are gRPC's.
///
/// Source: <https://grpc.io/docs/guides/status-codes/>
public enum StatusCode: UInt32, Sendable, Equatable, Hashable, CaseIterable {
    case ok = 0
    /// The caller gave up.
    case cancelled = 1
    case unknown = 2
    /// The request is wrong whatever the state of the system.
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    /// A quota or a bound is reached; `retryAfter` says when another try makes sense.
    case resourceExhausted = 8
    /// The system is not in the state that the call needs; retrying alone does not help.
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    /// A bug or a broken invariant on the server.
    case internalError = 13
    /// The server cannot be reached, or is going away. Trying again may help.
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
}

extension StatusCode: CustomStringConvertible {
    /// gRPC's name, such as `NOT_FOUND`.
    public var description: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internalError: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
