public import RPCClient

/// How a client behaves, and what bounds each call:
///
/// | call | an attempt | with repetitions |
/// |---|---|---|
/// | one request, one reply | ``callTimeout`` | ``retryFor`` more |
/// | submit | the caller's cancellation; a server that is dead or takes nothing for 20 s ends it | ``retryFor`` for each outage |
/// | result, result stream | the job's end or the caller's cancellation; a dead server is found by keepalive within 15 s | ``retryFor``, ``streamRetryFor`` since the last message |
public struct SpeechClientConfiguration: Sendable {
    /// The connection: time-outs, token, limits.
    public var connection: RPCClientConfiguration
    /// The deadline of calls with one request and one reply. `nil`: none. Submits and streams have none.
    public var callTimeout: Duration? = .seconds(30)
    /// How long single calls and submits are repeated when a server that had been reached goes away. For an upload it starts
    /// anew where a server took its bytes for a second or more, up to 8 times: it bounds one outage, not the upload.
    public var retryFor: Duration = .seconds(10)
    /// The same for result streams. Starts anew with every message received, so it bounds one outage, not the stream.
    public var streamRetryFor: Duration = .seconds(60)
    /// Whether a server that was never reached is waited for as well. Otherwise that fails at once.
    public var waitsForFirstConnection = false
    /// The wait before the first repetition. Doubles up to ``maxBackoff``; each is shortened at random by up to a half.
    public var initialBackoff: Duration = .milliseconds(50)
    /// The longest wait between two repetitions.
    public var maxBackoff: Duration = .seconds(1)
    /// Called before each wait for a repetition. For telling a person; must not block.
    public var onRetry: (@Sendable (RetryNotice) -> Void)?

    /// The defaults.
    public init() {
        connection = RPCClientConfiguration()
        connection.initialBackoff = .milliseconds(50)
        connection.maxBackoff = .seconds(1)
        // A server that is cut off without a word is given up after 15 s.
        connection.connection.keepaliveInterval = .seconds(10)
        connection.connection.keepaliveTimeout = .seconds(5)
    }
}

/// A call is about to be repeated.
public struct RetryNotice: Sendable {
    /// Why the last attempt failed.
    public var message: String
    /// 1 for the first repetition in this outage.
    public var attempt: Int
    /// Until the next attempt.
    public var delay: Duration
    /// Until the client gives up.
    public var remaining: Duration
}
