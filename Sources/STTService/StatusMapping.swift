import RPCWire
import STTCore
import STTProto

extension RPCError {
    /// Ends a result stream at once when the server drains: it goes on at another server, or at this one's successor.
    static let draining = RPCError(
        .unavailable, "the server is draining; the stream goes on elsewhere",
        details: (try? JobError(code: JobError.draining, message: "the server is draining").encode()) ?? [])
}

/// The one place where errors of the layers below become status codes.
enum StatusMapping {
    static func rpcError(_ error: any Error) -> any Error {
        switch error {
        case let error as RPCError: error
        case is CancellationError: error
        case let error as PortError: rpcError(error)
        default: RPCError(.internalError, "unexpected error; the server's log has it", cause: error)
        }
    }

    private static func rpcError(_ error: PortError) -> any Error {
        switch error.code {
        case .unavailable:
            RPCError(.unavailable, error.description, retryAfter: .seconds(1), cause: error)
        case .storageFull:
            RPCError(.resourceExhausted, error.description, retryAfter: .seconds(30), cause: error)
        case .notFound: RPCError(.notFound, error.message, cause: error)
        case .corrupt: RPCError(.dataLoss, error.description, cause: error)
        case .invalidArgument: RPCError(.invalidArgument, error.message, cause: error)
        case .cancelled: CancellationError()
        }
    }
}
