public import RPCWire

/// Sees every call of a client or of a server begin and end: for authorisation, limits, deadlines, logs and metrics.
///
/// The interceptors of a side are asked in their order when a call begins; each sees what those before it changed. When
/// the call is over they are told in the reverse order. Nothing is awaited, so that a call that needs no waiting still
/// makes none: an interceptor runs on the call's event loop and must not block.
public protocol CallInterceptor: Sendable {
    /// A call begins: on a client before it is sent, on a server before its handler is found.
    ///
    /// - Throws: ``RPCWire/RPCError`` to end the call with. Those that let it begin are told of its end.
    func callBegins(_ call: inout CallHead) throws(RPCError)

    /// The call is over, and on a server its handler has returned. Once for each call that was let begin.
    func callEnded(_ call: CallHead, _ summary: CallSummary)
}

/// What is known of a call before its first message.
public struct CallHead: Sendable {
    /// `package.Service/Method`. On a server it may be one that there is not.
    public let method: String
    /// Server: unique within the process, the `call` of log lines. 0 on a client.
    public let callID: UInt64
    /// Server: the peer, for logs. Empty on a client, where the call may wait for a connection yet.
    public let peer: String
    /// Server: whom the connection's token names.
    public let tenant: String?
    /// How long the caller waits from now on; nil: no deadline. May be set and shortened.
    public var timeout: Duration?
    /// Client: goes out with the call.
    public var metadata: Metadata
    public let idempotencyKey: String?
    /// W3C trace context. On a client it goes out with the call.
    public var traceparent: String?

    public init(
        method: String, callID: UInt64 = 0, peer: String = "", tenant: String? = nil, timeout: Duration? = nil,
        metadata: Metadata = Metadata(), idempotencyKey: String? = nil, traceparent: String? = nil
    ) {
        self.method = method
        self.callID = callID
        self.peer = peer
        self.tenant = tenant
        self.timeout = timeout
        self.metadata = metadata
        self.idempotencyKey = idempotencyKey
        self.traceparent = traceparent
    }
}

/// How a call went.
public struct CallSummary: Sendable {
    public let code: StatusCode
    public let duration: Duration

    public init(code: StatusCode, duration: Duration) {
        self.code = code
        self.duration = duration
    }
}

/// A call that interceptors have let begin, until they are told of its end.
///
/// Concurrency: belongs to the call, and so to its loop.
package final class InterceptedCall: Sendable {
    package let head: CallHead
    private let interceptors: [any CallInterceptor]
    private let began: UInt64

    /// - Throws: What the first interceptor that objects says; those before it have been told of the end then.
    package init(_ head: CallHead, _ interceptors: [any CallInterceptor]) throws(RPCError) {
        var head = head
        let began = MonotonicClock.now()
        for (index, interceptor) in interceptors.enumerated() {
            do throws(RPCError) {
                try interceptor.callBegins(&head)
            } catch {
                let summary = CallSummary(code: error.code, duration: .nanoseconds(MonotonicClock.now() - began))
                for earlier in interceptors[..<index].reversed() { earlier.callEnded(head, summary) }
                throw error
            }
        }
        self.head = head
        self.interceptors = interceptors
        self.began = began
    }

    package func ended(_ code: StatusCode) {
        let summary = CallSummary(code: code, duration: .nanoseconds(MonotonicClock.now() - began))
        for interceptor in interceptors.reversed() { interceptor.callEnded(head, summary) }
    }
}
