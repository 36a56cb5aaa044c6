/// The one error of the client library.
public struct SpeechError: Error, Sendable {
    /// What kind of thing went wrong. Stable: to be matched on.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// An option or another part of the request is wrong.
        case invalidArgument
        /// The server cannot be reached, or the connection broke and did not come back in time.
        case unreachable
        /// There is no such job.
        case notFound
        /// The audio is not acceptable: a file that cannot be read, is empty, too large, truncated or no audio.
        case inputRefused
        /// The job ended without a result.
        case jobFailed
        /// The job was cancelled.
        case jobCancelled
        /// The job is not in the state that the call needs, such as a result before the end.
        case notReady
        /// The idempotency key belongs to another request.
        case conflict
        /// A bound or a quota is reached; ``SpeechError/retryAfter`` says when another try makes sense.
        case busy
        case deadlineExceeded
        /// The calling task was cancelled.
        case cancelled
        /// The server does not let this client in: the token is missing, wrong, expired or withdrawn.
        case unauthenticated
        /// The server does not let this client do that.
        case accessDenied
        /// A bug or an unexpected condition on either side.
        case unexpected
    }

    /// What kind of thing went wrong.
    public var code: Code
    /// For a person: what is wrong and what to do.
    public var message: String
    /// The stable name of the precise cause, such as "audio.empty", where one is known.
    public var reason: String?
    /// Trying again sooner than this is of no use.
    public var retryAfter: Duration?
    /// The error below this one.
    public var cause: (any Error)?

    /// An error of this library.
    public init(
        _ code: Code, _ message: String, reason: String? = nil, retryAfter: Duration? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.reason = reason
        self.retryAfter = retryAfter
        self.cause = cause
    }
}

extension SpeechError: CustomStringConvertible {
    /// The message alone.
    public var description: String { message }
}

extension SpeechError {
    /// The one place where status codes become this library's errors.
    public init(_ error: RPCError) {
        // A refusal names its precise cause in its details.
        let refusal = error.details.isEmpty ? nil : try? JobError.decode(error.details)
        let reason = refusal.flatMap { $0.code.isEmpty ? nil : $0.code }
        let code: Code =
            switch error.code {
            case _ where Self.isAboutInput(reason): .inputRefused
            case .cancelled where reason == "job.cancelled": .jobCancelled
            case .ok, .unknown, .internalError, .dataLoss, .unimplemented, .aborted: .unexpected
            case .cancelled: .cancelled
            case .invalidArgument, .outOfRange: .invalidArgument
            case .deadlineExceeded: .deadlineExceeded
            case .notFound: .notFound
            case .alreadyExists: .conflict
            case .permissionDenied: .accessDenied
            case .unauthenticated: .unauthenticated
            case .resourceExhausted: .busy
            case .failedPrecondition: .notReady
            case .unavailable: .unreachable
            }
        self.init(
            code, error.message.isEmpty ? "the server answered \(error.code)" : error.message, reason: reason,
            retryAfter: error.retryAfter, cause: error)
    }

    /// Any error that a call ended with.
    init(any error: any Error) {
        switch error {
        case let error as SpeechError: self = error
        case let error as RPCError: self.init(error)
        case is CancellationError: self.init(.cancelled, "cancelled", cause: error)
        default: self.init(.unexpected, "\(error)", cause: error)
        }
    }

    /// The error that stands for a job's end without a transcript. `nil` for a job that completed or goes on.
    public init?(endOf status: JobStatus) {
        switch status.state {
        case .failed:
            let reason = status.error?.code
            let message = status.error?.message ?? ""
            self.init(
                Self.isAboutInput(reason) ? .inputRefused : .jobFailed,
                message.isEmpty ? "the job failed\(reason.map { ": \($0)" } ?? "")" : message, reason: reason)
        case .cancelled:
            self.init(.jobCancelled, "job \(status.jobID) was cancelled")
        default:
            return nil
        }
    }

    private static func isAboutInput(_ reason: String?) -> Bool {
        reason?.hasPrefix("audio.") ?? false
    }
}
