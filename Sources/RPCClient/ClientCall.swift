internal import RPCTransport
internal import RPCWire
internal import STTProto

/// One call on the client: from its start, through waiting for a connection, to its outcome.
///
/// Concurrency: touched on the client's loop only, but for the constants, for the stream's two asynchronous methods, and for
/// what a task hands over as it begins and reads once the call is over.
@usableFromInline
final class ClientCall: @unchecked Sendable {
    typealias Outcome = Result<Void, RPCError>

    let method: String
    let options: CallOptions
    let stream: CallStream
    private let core: ClientCore
    @exclusivity(unchecked) private var timeout: Duration?
    /// On the loop's clock.
    @exclusivity(unchecked) private var deadline: UInt64?
    @exclusivity(unchecked) private var timer: TimerID?
    @exclusivity(unchecked) private(set) var outcome: Outcome?
    /// Of a call with one reply: where it goes, and how many came.
    private let reply: ReplyDecoder?
    @exclusivity(unchecked) private var replyCount = 0
    /// Takes replies that come before the one, on the loop. Set before the call begins.
    @exclusivity(unchecked) var takeEarly: ((UnsafeRawBufferPointer) -> Bool)?
    @exclusivity(unchecked) private var malformed: ProtoError?
    @exclusivity(unchecked) private var waiter: UnsafeContinuation<Void, Never>?
    /// Handed over to the loop.
    @exclusivity(unchecked) private var start: (request: SharedBytes?, waiter: UnsafeContinuation<Void, Never>?)?
    private let isUnary: Bool
    private var retries = 0
    @exclusivity(unchecked) private var isToBeRetried = false
    @exclusivity(unchecked) private var intercepted: InterceptedCall?

    /// - Parameter reply: Of a call with one. Its memory must stay valid until the call is over.
    @usableFromInline
    init(
        _ core: ClientCore, _ method: String, _ options: CallOptions, _ reply: ReplyDecoder?, isUnary: Bool = false
    ) {
        self.core = core
        self.method = method
        self.options = options
        self.reply = reply
        self.isUnary = isUnary
        timeout = options.timeout ?? core.configuration.defaultTimeout
        stream = CallStream(loop: core.loop)
    }

    // What a task calls, from anywhere.

    /// Begins a call that streams its requests or replies.
    ///
    /// - Parameter request: The only request; nil for a call that streams them.
    func begin(request: SharedBytes?) {
        start = (request, nil)
        core.loop.perform(self)
    }

    /// Begins a call of one request; `continuation` is resumed when it is over. On the loop that takes no hop and no lock.
    @usableFromInline
    func begin(_ request: SharedBytes, resuming continuation: UnsafeContinuation<Void, Never>) {
        start = (request, continuation)
        core.loop.perform(self)
    }

    /// Waits for the end.
    func wait() async {
        await withUnsafeContinuation { continuation in
            core.loop.perform {
                if self.outcome == nil { self.waiter = continuation } else { continuation.resume() }
            }
        }
    }

    /// Once a call with one reply is over: its reply is there, or this says what came instead.
    @usableFromInline
    func checkReply() throws(RPCError) {
        guard let outcome else { throw RPCError(.internalError, "\(method) has no outcome yet") }
        try outcome.get()
        guard replyCount == 1 else {
            throw RPCError(.internalError, "the server sent \(replyCount) replies to \(method) instead of one")
        }
        if let malformed { throw RPCError(.internalError, "malformed reply: \(malformed)", cause: malformed) }
    }

    /// The outcome if the call has ended, or else ends it.
    func outcomeOrCancel() async -> Outcome? {
        await core.loop.run {
            if let outcome = self.outcome { return outcome }
            self.giveUp(RPCError(.cancelled, "the call was cancelled"))
            return nil
        }
    }

    @usableFromInline
    func cancel() {
        core.loop.perform { self.giveUp(RPCError(.cancelled, "the call was cancelled")) }
    }

    func finishSending() {
        core.loop.perform { self.stream.finishSending() }
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

    /// The payload of CALL but for the deadline.
    private func encodedCall() throws(RPCError) -> [UInt8] {
        if intercepted == nil, options.metadata.isEmpty, options.idempotencyKey == nil, options.traceparent == nil,
            let encoded = core.encodedMethods.payload(of: method)
        {
            return encoded
        }
        let metadata = intercepted?.head.metadata ?? options.metadata
        guard metadata.byteCount <= Metadata.maxBytes else {
            throw RPCError(.invalidArgument, "metadata of more than \(Metadata.maxBytes) bytes")
        }
        let call = ControlMessage.Call(
            method: method,
            metadata: metadata.entries.map { ControlMessage.MetadataEntry(key: $0.key, value: $0.value) },
            idempotencyKey: options.idempotencyKey ?? "",
            traceparent: (intercepted.map { $0.head.traceparent } ?? options.traceparent) ?? "")
        let bytes: [UInt8]
        do throws(ProtoError) {
            bytes = try call.encodedPayload()
        } catch {
            throw RPCError(.internalError, "cannot encode a call: \(error)", cause: error)
        }
        guard bytes.count + 10 <= WireProtocol.maxPayload(.call, maxFrameBytes: 0) else {
            throw RPCError(.invalidArgument, "method, metadata and keys of a call are longer than one frame")
        }
        return bytes
    }

    func open(on connection: Connection) {
        do throws(RPCError) {
            let call = try encodedCall()
            stream.owner = self
            connection.open(stream, call, deadlineMilliseconds: millisecondsLeft())
        } catch {
            finish(.failure(error), discarding: true)
        }
    }

    /// 0: no deadline.
    private func millisecondsLeft() -> UInt64 {
        guard let deadline else { return 0 }
        let now = MonotonicClock.now()
        return deadline > now ? max(1, (deadline - now) / 1_000_000) : 1
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
        // Nobody reads or sends on the stream of a unary call.
        if !isUnary { failStream(outcome, discarding: discarding) }
        if let waiter {
            self.waiter = nil
            waiter.resume()
        }
    }

    private func failStream(_ outcome: Outcome, discarding: Bool) {
        switch outcome {
        case .success:
            stream.fail(inbound: nil, outbound: core.answered, discarding: false)
        case .failure(let error): stream.fail(inbound: error, outbound: error, discarding: discarding)
        }
    }
}

extension ClientCall: LoopWork {
    func runOnLoop() {
        guard let (request, waiter) = start else { return }
        start = nil
        if outcome == nil {
            self.waiter = waiter
            begin(request)
        } else {
            // Cancelled before it began.
            waiter?.resume()
        }
    }
}

extension ClientCall: CallStreamOwner {
    /// The one reply becomes a value where its bytes lie, in the loop's read buffer.
    func stream(_ stream: CallStream, didReceive message: UnsafeRawBufferPointer) -> Bool {
        guard let reply else { return false }
        guard outcome == nil else { return true }
        if let takeEarly, takeEarly(message) { return true }
        replyCount += 1
        guard replyCount == 1 else { return true }
        malformed = reply.decode(message)
        return true
    }

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
