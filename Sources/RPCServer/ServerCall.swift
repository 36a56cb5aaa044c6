internal import Logging
public import RPCTransport
internal import RPCWire
public import STTProto

/// One call on the server: from CALL until the handler has returned and END is out.
///
/// The bodies of streaming handlers get it as it is: it is one reference in their frames, which an idle stream keeps.
///
/// Concurrency: touched on its loop only. The handler runs as a task of the loop and gets the stream, which may be used
/// from anywhere.
@usableFromInline
final class ServerCall: @unchecked Sendable {
    private let connection: ServerConnection
    private let stream: CallStream
    @usableFromInline let context: CallContext
    private let method: LoopMethod
    @exclusivity(unchecked) private var intercepted: InterceptedCall?

    /// What runs once the client has sent its one request.
    private enum Work {
        case unary(UnaryBody)
        case streaming(HandlerBody)
    }

    @exclusivity(unchecked) private var task: Task<Void, Never>?
    // The small ones are last and side by side, for an idle call is to be small.
    @exclusivity(unchecked) private var prepared: Work?
    @exclusivity(unchecked) private var outcome = StatusCode.unknown
    @exclusivity(unchecked) private var timer: TimerID?
    /// The outcome is decided: what the handler makes of it no longer counts.
    @exclusivity(unchecked) private var isOver = false
    @exclusivity(unchecked) private var isRunning = false

    init(
        _ connection: ServerConnection, _ stream: CallStream, _ context: CallContext, _ method: LoopMethod,
        _ intercepted: InterceptedCall?
    ) {
        self.connection = connection
        self.stream = stream
        self.context = context
        self.method = method
        self.intercepted = intercepted
    }

    func begin(timeout: Duration?) {
        stream.owner = self
        if let timeout { timer = stream.loop.schedule(at: stream.loop.now &+ timeout.nanoseconds, self) }
        if case .requestStream(let body) = method.handler { run(.streaming(body)) }
    }

    // For the bodies of streaming handlers.

    @usableFromInline
    func requests<Req: ProtoMessage>(_: Req.Type = Req.self) -> InboundMessages<Req> {
        stream.belongToCurrentTask()
        return InboundMessages(stream)
    }

    @usableFromInline
    func replies<Res: ProtoMessage>(_: Res.Type = Res.self) -> OutboundMessages<Res> {
        stream.belongToCurrentTask()
        return OutboundMessages(stream)
    }

    private func run(_ work: Work) {
        isRunning = true
        connection.server.runningCalls += 1
        let task =
            switch work {
            case .unary(let body): start(body)
            case .streaming(let body): start(body)
            }
        if isRunning { self.task = task }
    }

    // Runs here until it first waits: a handler that need not wait has returned when `start` is through. The task prefers
    // the loop, so it is there that it returns.

    private func start(_ body: @escaping UnaryBody) -> Task<Void, Never> {
        Task.immediate(executorPreference: stream.loop) {
            do {
                self.returned(.success(try await body(self.context)))
            } catch {
                self.returned(.failure(error))
            }
        }
    }

    /// Apart from the unary calls' closure, for this frame lasts as long as a stream: 64 bytes, and 176 as one closure. A
    /// second slab of the task's allocator is 1 KiB more for each idle stream; of the first one's 984 bytes an idle upload
    /// with a small handler takes 864.
    private func start(_ body: @escaping HandlerBody) -> Task<Void, Never> {
        Task.immediate(executorPreference: stream.loop) {
            do {
                self.returned(.success(try await body(self)))
            } catch {
                self.returned(.failure(error))
            }
        }
    }

    @inline(never)
    private func returned(_ result: Result<SharedBytes?, any Error>) {
        stream.loop.assertOnLoop()
        isRunning = false
        task = nil
        connection.server.callReturned()
        if !isOver {
            isOver = true
            let error = reply(with: result)
            outcome = error?.code ?? .ok
            if let error { connection.connection?.queueEnd(stream, error) }
        }
        failStream()
        tellInterceptors()
        connection.connection?.handlerReturned(stream)
    }

    private func failStream() {
        // The handler of a unary call has no stream to read or to send on.
        if case .unary = method.handler { return }
        stream.fail(inbound: connection.server.cancellation, outbound: connection.server.cancellation, discarding: true)
    }

    private func tellInterceptors() {
        intercepted?.ended(outcome)
        intercepted = nil
    }

    /// Ends the call with OK, or says with what it has to be ended.
    private func reply(with result: Result<SharedBytes?, any Error>) -> RPCError? {
        switch result {
        case .success(nil):
            connection.connection?.queueEnd(stream, nil)
            return nil
        case .success(let bytes?):
            do throws(RPCError) {
                try connection.connection?.check(bytes)
                try connection.connection?.checkRoom(forReply: bytes)
                connection.connection?.queueReply(stream, bytes)
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

    /// Ends the call, whatever it waits for, so that what it keeps is let go.
    func shed(_ error: RPCError) {
        if isOver { connection.connection?.endNow(stream, error) } else { end(error) }
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
        failStream()
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
        if case .requestStream = method.handler { return false }
        guard !isOver else { return true }
        guard prepared == nil else {
            end(RPCError(.invalidArgument, "\(context.method) takes one request"), isProvoked: true)
            return true
        }
        do throws(RPCError) {
            switch method.handler {
            case .unary(let prepare): prepared = .unary(try prepare(message))
            case .singleRequest(let prepare): prepared = .streaming(try prepare(message))
            case .requestStream: break
            }
        } catch {
            end(error, isProvoked: true)
        }
        return true
    }

    func streamDidReceiveAll(_ stream: CallStream) {
        if case .requestStream = method.handler { return }
        guard !isOver else { return }
        guard let work = prepared else {
            return end(RPCError(.invalidArgument, "\(context.method) takes a request"), isProvoked: true)
        }
        run(work)
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
