public import Logging
public import RPCTransport
public import RPCWire
public import STTProto
internal import Synchronization

/// Calls methods of a server.
///
/// Connects when the first call is made. Calls share one connection; when it breaks, open calls fail with UNAVAILABLE
/// and the next call connects anew. A call that cannot have reached a server is sent again by itself, and so is one with an
/// idempotency key whose server went away before it answered.
///
/// With several addresses, or a name that leads to several servers, the client stays with one server while that works. One
/// that cannot be connected to, drains, dies or answers UNAVAILABLE is tried after all others until its backoff is over.
/// Names are looked up for every search.
///
/// Concurrency: any task. The connections belong to one event loop; the clients of a process share as many as there are
/// processors.
public final class RPCClient: Sendable {
    private struct State {
        var core: ClientCore?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let addresses: [ServerAddress]
    private let configuration: RPCClientConfiguration
    private let logger: Logger

    /// - Parameter addresses: Servers that can do the same, in an order drawn by lot unless the configuration keeps it.
    public init(addresses: [ServerAddress], configuration: RPCClientConfiguration = .init(), logger: Logger) {
        self.addresses = addresses
        self.configuration = configuration
        self.logger = logger
    }

    deinit {
        guard let core = state.withLock({ $0.core }) else { return }
        core.loop.perform { core.close() }
        if ClientLoops.shared.giveBack(core.loop) { core.loop.stopLater() }
    }

    /// The client's event loop. A task that prefers it, as in `Task(executorPreference:)`, makes its calls without a
    /// change of threads; it must not block, for other clients share the loop.
    public var taskExecutor: any TaskExecutor {
        get throws(RPCError) { try core().loop }
    }

    @usableFromInline
    func core() throws(RPCError) -> ClientCore {
        let result = state.withLock { state -> Result<ClientCore, RPCError> in
            if state.isClosed { return .failure(RPCError(.cancelled, "the client is closed")) }
            if let core = state.core { return .success(core) }
            do throws(SystemError) {
                let core = ClientCore(
                    loop: try ClientLoops.shared.take(), addresses: addresses, configuration: configuration,
                    logger: logger)
                state.core = core
                return .success(core)
            } catch {
                return .failure(RPCError(.unavailable, "cannot start an event loop: \(error)", cause: error))
            }
        }
        return try result.get()
    }

    /// One request, one reply.
    ///
    /// - Parameter method: `package.Service/Method`.
    /// - Throws: ``RPCWire/RPCError`` with the server's status, or with what kept the call from its end: UNAVAILABLE,
    ///   DEADLINE_EXCEEDED, CANCELLED.
    @inlinable
    public nonisolated(nonsending) func unary<Req: ProtoMessage, Res: ProtoMessage>(
        _ method: String, _ request: Req, returning: Res.Type = Res.self, options: CallOptions = .init()
    ) async throws(RPCError) -> Res {
        let bytes = try encodeRequest(request)
        let core = try core()
        let slot = ReplySlot<Res>()
        defer { slot.free() }
        let call = ClientCall(core, method, options, slot.decoder, isUnary: true)
        await withTaskCancellationHandler {
            await withUnsafeContinuation { call.begin(bytes, resuming: $0) }
        } onCancel: {
            call.cancel()
        }
        return try slot.take(from: call)
    }

    /// Many requests, one reply.
    ///
    /// - Parameters:
    ///   - takeEarly: Of a method that may send replies before the one: is given each, on the client's loop, where it must
    ///     not block, and says whether it was one of those.
    ///   - produce: Sends the requests. When the server answers early, the writer's `send` throws and the call ends as the
    ///     server said.
    /// - Throws: ``RPCWire/RPCError``, or what `produce` throws by itself.
    public nonisolated(nonsending) func clientStreaming<Req: ProtoMessage, Res: ProtoMessage>(
        _ method: String, returning: Res.Type = Res.self, options: CallOptions = .init(),
        takeEarly: (@Sendable (Res) -> Bool)? = nil,
        _ produce: (RequestWriter<Req>) async throws -> Void
    ) async throws -> Res {
        let core = try core()
        let slot = ReplySlot<Res>()
        defer { slot.free() }
        let call = ClientCall(core, method, options, slot.decoder)
        // What is malformed is told of as the reply.
        if let takeEarly { call.takeEarly = { bytes in (try? Res.decode(bytes)).map(takeEarly) ?? false } }
        return try await withTaskCancellationHandler {
            call.begin(request: nil)
            do {
                try await produce(RequestWriter(OutboundMessages(call.stream)))
                call.finishSending()
            } catch {
                // What ended the call says more than the writer's error that it led to.
                guard let outcome = await call.outcomeOrCancel() else { throw error }
                try outcome.get()
            }
            await call.wait()
            return try slot.take(from: call)
        } onCancel: {
            call.cancel()
        }
    }

    /// One request, many replies.
    ///
    /// - Parameter consume: Reads the replies. Returning before their end cancels the call.
    /// - Throws: ``RPCWire/RPCError``, or what `consume` throws by itself.
    public nonisolated(nonsending) func serverStreaming<Req: ProtoMessage, Res: ProtoMessage, R>(
        _ method: String, _ request: Req, receiving: Res.Type = Res.self, options: CallOptions = .init(),
        _ consume: (InboundMessages<Res>) async throws -> R
    ) async throws -> R {
        let bytes = try RPCTransport.encode(request)
        let call = ClientCall(try core(), method, options, nil)
        return try await withTaskCancellationHandler {
            call.begin(request: bytes)
            do {
                let result = try await consume(InboundMessages(call.stream))
                call.cancel()
                return result
            } catch {
                call.cancel()
                throw error
            }
        } onCancel: {
            call.cancel()
        }
    }

    /// Whether a server was ever connected to, and spoke the protocol.
    public var hasConnected: Bool {
        state.withLock { $0.core?.hasConnected.load(ordering: .relaxed) ?? false }
    }

    /// Ends every open call with CANCELLED and closes the connection.
    public func close() async {
        let core = state.withLock { state in
            defer { state.core = nil }
            state.isClosed = true
            return state.core
        }
        guard let core else { return }
        await core.loop.run { core.close() }
        if ClientLoops.shared.giveBack(core.loop) { await core.loop.stop() }
    }
}

@usableFromInline
func encodeRequest(_ request: some ProtoMessage) throws(RPCError) -> SharedBytes { try RPCTransport.encode(request) }
