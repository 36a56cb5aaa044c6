internal import RPCTransport
internal import RPCWire
internal import STTProto

/// One call on the client: from its start, through waiting for a connection, to its outcome.
///
/// Concurrency: touched on the client's loop only, but for the constants and for the stream's two asynchronous methods.
final class ClientCall: @unchecked Sendable {
    typealias Outcome = Result<Void, RPCError>

    let method: String
    let options: CallOptions
    let stream: CallStream
    private let core: ClientCore
    private var timeout: Duration?
    /// On the loop's clock.
    private var deadline: UInt64?
    private var timer: TimerID?
    private(set) var outcome: Outcome?
    private var replyWaiter: UnsafeContinuation<Result<[UInt8], RPCError>, Never>?
    private var retries = 0
    private var isToBeRetried = false
    private var intercepted: InterceptedCall?

    init(_ core: ClientCore, _ method: String, _ options: CallOptions) {
        self.core = core
        self.method = method
        self.options = options
        timeout = options.timeout ?? core.configuration.defaultTimeout
        stream = CallStream(loop: core.loop)
    }

    // What a task calls, from anywhere.

    /// Begins.
    ///
    /// - Parameter request: The only request; nil for a call that streams them.
    func start(request: SharedBytes?) {
        core.loop.perform { self.begin(request) }
    }

    /// The outcome if the call has ended, or else ends it.
    func outcomeOrCancel() async -> Outcome? {
        await core.loop.run {
            if let outcome = self.outcome { return outcome }
            self.giveUp(RPCError(.cancelled, "the call was cancelled"))
            return nil
        }
    }

    func cancel() {
        core.loop.perform { self.giveUp(RPCError(.cancelled, "the call was cancelled")) }
    }

    func finishSending() {
        core.loop.perform { self.stream.finishSending() }
    }

    /// The reply of a call that has one.
    func reply() async throws(RPCError) -> [UInt8] { try await replyResult().get() }

    func replyResult() async -> Result<[UInt8], RPCError> {
        await withUnsafeContinuation { continuation in
            core.loop.perform {
                if let outcome = self.outcome {
                    continuation.resume(returning: self.takeReply(outcome))
                } else {
                    self.replyWaiter = continuation
                }
            }
        }
    }

    private func takeReply(_ outcome: Outcome) -> Result<[UInt8], RPCError> {
        if case .failure(let error) = outcome { return .failure(error) }
        let messages = stream.takeUnread()
        guard messages.count == 1 else {
            return .failure(
                RPCError(.internalError, "the server sent \(messages.count) replies to \(method) instead of one"))
        }
        return .success(messages[0])
    }

    // On the loop.

    private func begin(_ request: SharedBytes?) {
        guard outcome == nil, letBegin() else { return }
        if let request { stream.setInitialMessage(request, endsSending: true) }
        if let timeout {
            let deadline = MonotonicClock.now() &+ timeout.nanoseconds
            self.deadline = deadline
            timer = core.loop.schedule(at: deadline, self)
        }
        core.submit(self)
    }

    /// Asks the interceptors. False where one objects; the call is over then.
    private func letBegin() -> Bool {
        guard !core.configuration.interceptors.isEmpty else { return true }
        do throws(RPCError) {
            let call = try InterceptedCall(
                CallHead(
                    method: method, timeout: timeout, metadata: options.metadata,
                    idempotencyKey: options.idempotencyKey, traceparent: options.traceparent),
                core.configuration.interceptors)
            timeout = call.head.timeout
            intercepted = call
            return true
        } catch {
            finish(.failure(error), discarding: true)
            return false
        }
    }

    /// The payload of CALL.
    func encodedCall() throws(RPCError) -> [UInt8] {
        let metadata = intercepted?.head.metadata ?? options.metadata
        guard metadata.byteCount <= Metadata.maxBytes else {
            throw RPCError(.invalidArgument, "metadata of more than \(Metadata.maxBytes) bytes")
        }
        var call = ControlMessage.Call(
            method: method,
            metadata: metadata.entries.map { ControlMessage.MetadataEntry(key: $0.key, value: $0.value) },
            idempotencyKey: options.idempotencyKey ?? "",
            traceparent: (intercepted.map { $0.head.traceparent } ?? options.traceparent) ?? "")
        if let deadline {
            let now = MonotonicClock.now()
            call.deadlineMilliseconds = deadline > now ? max(1, (deadline - now) / 1_000_000) : 1
        }
        let bytes: [UInt8]
        do throws(ProtoError) {
            bytes = try call.encodedPayload()
        } catch {
            throw RPCError(.internalError, "cannot encode a call: \(error)", cause: error)
        }
        guard bytes.count <= WireProtocol.maxPayload(.call, maxFrameBytes: 0) else {
            throw RPCError(.invalidArgument, "method, metadata and keys of a call are longer than one frame")
        }
        return bytes
    }

    func open(on connection: Connection) {
        do throws(RPCError) {
            let call = try encodedCall()
            stream.owner = self
            connection.open(stream, call)
        } catch {
            finish(.failure(error), discarding: true)
        }
    }

    /// Ends the call from this side.
    func giveUp(_ error: RPCError) {
        guard outcome == nil else { return }
        finish(.failure(error), discarding: true)
        stream.connection?.cancel(stream, error.code)
        core.forget(self)
    }

    private func finish(_ outcome: Outcome, discarding: Bool) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if let timer { core.loop.cancel(timer) }
        timer = nil
        if let intercepted {
            self.intercepted = nil
            if case .failure(let error) = outcome { intercepted.ended(error.code) } else { intercepted.ended(.ok) }
        }
        switch outcome {
        case .success:
            stream.fail(
                inbound: nil, outbound: RPCError(.aborted, "the server has answered already"), discarding: false)
        case .failure(let error): stream.fail(inbound: error, outbound: error, discarding: discarding)
        }
        if let waiter = replyWaiter {
            replyWaiter = nil
            waiter.resume(returning: takeReply(outcome))
        }
    }
}

extension ClientCall: CallStreamOwner {
    func stream(_ stream: CallStream, didReceive message: UnsafeRawBufferPointer) -> Bool { false }

    func streamDidReceiveAll(_ stream: CallStream) {}

    func streamDidEnd(_ stream: CallStream, _ ending: StreamEnding) {
        guard outcome == nil else { return }
        switch ending {
        case .status(nil): finish(.success(()), discarding: false)
        case .status(let error?) where error.code == .unavailable:
            let goesElsewhere = stream.connection.map(core.answeredUnavailable) ?? false
            if goesElsewhere, mayRepeat(wasStarted: true) { return willRepeat() }
            finish(.failure(error), discarding: false)
        case .status(let error?): finish(.failure(error), discarding: false)
        case .cancelledByPeer: finish(.failure(RPCError(.cancelled, "the server gave up the call")), discarding: false)
        case .connectionLost(let error, let wasStarted):
            if mayRepeat(wasStarted: wasStarted) { return willRepeat() }
            finish(.failure(error), discarding: false)
        }
    }

    /// Whether sending the call again can do no harm: it never started, or its key keeps it from being done twice.
    private func mayRepeat(wasStarted: Bool) -> Bool {
        guard stream.isReplayable, retries < core.configuration.maxTransparentRetries else { return false }
        return !wasStarted || (options.idempotencyKey != nil && !stream.hasReceivedMessage)
    }

    /// The call is submitted again once the stream is free.
    private func willRepeat() {
        retries += 1
        isToBeRetried = true
    }

    func streamDidDetach(_ stream: CallStream) {
        guard isToBeRetried else { return }
        isToBeRetried = false
        if outcome == nil { core.submit(self) }
    }
}

extension ClientCall: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        let time = timeout.map { "\($0)" } ?? "the deadline"
        let message =
            stream.isAttached ? "no answer within \(time)" : "no connection within \(time)\(core.lastFailure)"
        giveUp(RPCError(.deadlineExceeded, message))
    }
}
