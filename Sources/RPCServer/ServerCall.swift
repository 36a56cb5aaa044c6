internal import Logging
internal import RPCTransport
internal import RPCWire

/// One call on the server: from CALL until the handler has returned and END is out.
///
/// Concurrency: touched on its loop only. The handler runs as a task of the loop and gets the stream, which may be used
/// from anywhere.
final class ServerCall: @unchecked Sendable {
    private let connection: ServerConnection
    private let stream: CallStream
    private let context: CallContext
    private let handler: MethodHandler
    private var intercepted: InterceptedCall?
    private var outcome = StatusCode.unknown

    /// Made once, for each `any Error` is an object of its own.
    private static let cancellation: any Error = CancellationError()

    private var body: HandlerBody?
    private var task: Task<Void, Never>?
    private var timer: TimerID?
    /// The outcome is decided: what the handler makes of it no longer counts.
    private var isOver = false
    private var isRunning = false

    init(
        _ connection: ServerConnection, _ stream: CallStream, _ context: CallContext, _ handler: MethodHandler,
        _ intercepted: InterceptedCall?
    ) {
        self.connection = connection
        self.stream = stream
        self.context = context
        self.handler = handler
        self.intercepted = intercepted
    }

    func begin(timeout: Duration?) {
        stream.owner = self
        if let timeout { timer = stream.loop.schedule(at: stream.loop.now &+ timeout.nanoseconds, self) }
        if case .requestStream(let body) = handler { run(body) }
    }

    private func run(_ body: @escaping HandlerBody) {
        isRunning = true
        connection.server.runningCalls += 1
        let call = HandlerCall(context: context, source: stream, sink: stream)
        // Runs here until it first waits: a handler that need not wait has returned when this line is through.
        let task = Task.immediate(executorPreference: stream.loop) {
            let result: Result<SharedBytes?, any Error>
            do {
                result = .success(try await body(call))
            } catch {
                result = .failure(error)
            }
            // The task prefers the loop, so this is on it.
            self.returned(result)
        }
        if isRunning { self.task = task }
    }

    private func returned(_ result: Result<SharedBytes?, any Error>) {
        stream.loop.assertOnLoop()
        isRunning = false
        task = nil
        connection.server.callReturned()
        if !isOver {
            isOver = true
            let error = reply(with: result)
            outcome = error?.code ?? .ok
            connection.connection?.queueEnd(stream, error)
        }
        stream.fail(inbound: Self.cancellation, outbound: Self.cancellation, discarding: true)
        tellInterceptors()
        connection.connection?.handlerReturned(stream)
    }

    private func tellInterceptors() {
        intercepted?.ended(outcome)
        intercepted = nil
    }

    private func reply(with result: Result<SharedBytes?, any Error>) -> RPCError? {
        switch result {
        case .success(nil): return nil
        case .success(let bytes?):
            do throws(RPCError) {
                try connection.connection?.check(bytes)
                try connection.connection?.checkRoom(forReply: bytes)
                connection.connection?.queueMessage(stream, bytes)
                return nil
            } catch {
                return error
            }
        case .failure(let error as RPCError):
            if error.code != .ok { return error }
            return RPCError(.internalError, "the handler failed with the status OK")
        case .failure(is CancellationError): return RPCError(.cancelled, "the call was cancelled on the server")
        case .failure(let error):
            connection.server.logger.error(
                "a handler failed with an error that has no status",
                metadata: ["method": "\(context.method)", "call": "\(context.callID)", "error": "\(error)"])
            return RPCError(.internalError, "internal error; the server's log has it under call \(context.callID)")
        }
    }

    /// Ends the call from this side before the handler has.
    func end(_ error: RPCError, isProvoked: Bool = false) {
        guard !isOver else { return }
        connection.connection?.endNow(stream, error, isProvoked: isProvoked)
        giveUp(error.code)
    }

    /// Ends the call after what is queued, where its method wants that of a server that drains.
    func drain() {
        guard !isOver, let error = connection.server.methods.drainErrors[context.method] else { return }
        guard isRunning else { return end(error) }
        connection.connection?.queueEnd(stream, error)
        giveUp(error.code)
    }

    private func giveUp(_ code: StatusCode) {
        guard !isOver else { return }
        isOver = true
        outcome = code
        stream.fail(inbound: Self.cancellation, outbound: Self.cancellation, discarding: true)
        if isRunning {
            task?.cancel()
        } else {
            tellInterceptors()
            connection.connection?.handlerReturned(stream)
        }
    }
}

extension ServerCall: CallStreamOwner {
    func stream(_ stream: CallStream, didReceive message: UnsafeRawBufferPointer) -> Bool {
        guard case .singleRequest(let prepare) = handler else { return false }
        guard !isOver else { return true }
        guard body == nil else {
            end(RPCError(.invalidArgument, "\(context.method) takes one request"), isProvoked: true)
            return true
        }
        do throws(RPCError) {
            body = try prepare(message)
        } catch {
            end(error, isProvoked: true)
        }
        return true
    }

    func streamDidReceiveAll(_ stream: CallStream) {
        guard case .singleRequest = handler, !isOver else { return }
        guard let body else {
            return end(RPCError(.invalidArgument, "\(context.method) takes a request"), isProvoked: true)
        }
        run(body)
    }

    func streamDidEnd(_ stream: CallStream, _ ending: StreamEnding) {
        if isOver, isRunning == false { return }
        switch ending {
        case .cancelledByPeer: giveUp(.cancelled)
        // The connection has ended it for what the peer sent.
        case .status(let error): giveUp(error?.code ?? .cancelled)
        case .connectionLost: giveUp(.unavailable)
        }
    }

    func streamDidDetach(_ stream: CallStream) {
        if let timer { stream.loop.cancel(timer) }
        timer = nil
    }
}

extension ServerCall: TimerTarget {
    func timerFired(now: UInt64) {
        timer = nil
        let error = RPCError(.deadlineExceeded, "the deadline passed on the server")
        if isOver {
            // The reply waits for a client that does not take it.
            connection.connection?.endNow(stream, error)
        } else {
            end(error)
        }
    }
}
