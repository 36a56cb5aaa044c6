internal import Logging
internal import RPCTransport
internal import RPCWire
internal import STTProto

/// A connection's part of the server: who the peer is, and its calls.
///
/// Concurrency: touched on its loop only.
final class ServerConnection {
    let server: ServerLoop
    /// nil once it is closed.
    @exclusivity(unchecked) private(set) var connection: Connection?
    private let peer: String
    private let addressKey: String?
    private var tenant: String?
    /// Kept to ask the authenticator again; nil without one, and before the HELLO.
    private var token: [UInt8]?
    /// The last call's method. Most calls of a connection are of one.
    @exclusivity(unchecked) private var lastMethod: (origin: CallOrigin, method: LoopMethod)?

    init(_ server: ServerLoop, _ connection: Connection, addressKey: String?) {
        self.server = server
        self.connection = connection
        self.addressKey = addressKey
        peer = connection.peer
    }

    /// Asks the authenticator again. A connection that it would not let in as the same tenant now is ended, and its calls
    /// with UNAUTHENTICATED.
    func reauthenticate() {
        guard let connection, let token, let authenticator = server.configuration.authenticator else { return }
        let message: String
        do throws(RPCError) {
            guard try authenticator.authenticate(token: token, peer: connection.peerIdentity) != tenant else { return }
            message = "the token names another tenant now"
        } catch {
            message = error.message
        }
        server.logger.notice(
            "a client may go on no longer", metadata: ["peer": "\(peer)", "reason": "\(message)"])
        for case let call as ServerCall in connection.streamOwners { call.end(RPCError(.unauthenticated, message)) }
        connection.fail(ConnectionError(.unauthenticated, message))
    }

    /// Refuses new calls. Those that can be resumed elsewhere end now, the others may go on.
    func drain(grace: Duration) {
        connection?.startDrain(.drain, "the server is shutting down", grace: grace)
        for case let call as ServerCall in connection?.streamOwners ?? [] { call.drain() }
    }

    /// Ends all calls with UNAVAILABLE and closes when that has gone out.
    func cut() {
        for case let call as ServerCall in connection?.streamOwners ?? [] {
            call.end(RPCError(.unavailable, "the server is shutting down", retryAfter: .milliseconds(1)))
        }
        connection?.beginClosing(ConnectionError(.drain, "the server is shutting down"))
    }
}

extension ServerConnection: ConnectionDelegate {
    func connection(_ connection: Connection, didReceive hello: ControlMessage.Hello) throws(ConnectionError) {
        if let authenticator = server.configuration.authenticator {
            do throws(RPCError) {
                tenant = try authenticator.authenticate(token: hello.token, peer: connection.peerIdentity)
                token = hello.token
                lastMethod = nil
            } catch {
                server.logTurnedAway(peer, error.message)
                throw ConnectionError(.unauthenticated, error.message)
            }
        }
        server.logger.debug("client", metadata: ["peer": "\(peer)", "agent": "\(hello.agent.prefix(64))"])
    }

    func connection(_ connection: Connection, didOpen stream: CallStream, _ call: ControlMessage.Call) {
        guard !server.account.isExhausted else {
            return refuse(
                stream,
                RPCError(
                    .resourceExhausted, "the server keeps too much for its clients already; try again later",
                    retryAfter: ServerLoop.reliefWait))
        }
        let timeout: Duration? =
            call.deadlineMilliseconds == 0
            ? nil : .milliseconds(Int64(min(call.deadlineMilliseconds, UInt64(Int32.max))))
        let metadata = Metadata(
            call.metadata.isEmpty ? [] : call.metadata.map { Metadata.Entry(key: $0.key, value: $0.value) })
        let callID = server.nextCallID()
        let idempotencyKey = call.idempotencyKey.isEmpty ? nil : call.idempotencyKey
        let traceparent = call.traceparent.isEmpty ? nil : call.traceparent
        guard server.configuration.interceptors.isEmpty else {
            let head = CallHead(
                method: call.method, callID: callID, peer: peer, tenant: tenant, timeout: timeout, metadata: metadata,
                idempotencyKey: idempotencyKey, traceparent: traceparent)
            return beginIntercepted(stream, head)
        }
        guard let (origin, method) = method(of: call.method) else { return refuse(stream, unknownMethod: call.method) }
        let context = CallContext(
            origin, callID: callID, deadline: timeout.map { .now + $0 }, metadata: metadata,
            idempotencyKey: idempotencyKey, traceparent: traceparent)
        ServerCall(self, stream, context, method, nil).begin(timeout: timeout)
    }

    private func beginIntercepted(_ stream: CallStream, _ head: CallHead) {
        do throws(RPCError) {
            let intercepted = try InterceptedCall(head, server.configuration.interceptors)
            let head = intercepted.head
            guard let (origin, method) = method(of: head.method) else {
                intercepted.ended(.unimplemented)
                return refuse(stream, unknownMethod: head.method)
            }
            let context = CallContext(
                origin, callID: head.callID, deadline: head.timeout.map { .now + $0 }, metadata: head.metadata,
                idempotencyKey: head.idempotencyKey, traceparent: head.traceparent)
            ServerCall(self, stream, context, method, intercepted).begin(timeout: head.timeout)
        } catch {
            refuse(stream, error)
        }
    }

    private func refuse(_ stream: CallStream, unknownMethod name: String) {
        let error = RPCError(.unimplemented, "this server has no method \"\(name.prefix(128))\"")
        refuse(stream, error, isProvoked: true)
    }

    private func refuse(_ stream: CallStream, _ error: RPCError, isProvoked: Bool = false) {
        connection?.endNow(stream, error, isProvoked: isProvoked)
        connection?.handlerReturned(stream)
    }

    private func method(of name: String) -> (CallOrigin, LoopMethod)? {
        if let lastMethod, lastMethod.origin.method == name { return lastMethod }
        guard let method = server.loopMethods[name] else { return nil }
        let found = (CallOrigin(method: name, peer: peer, tenant: tenant), method)
        lastMethod = found
        return found
    }

    func connection(_ connection: Connection, didReceive goAway: ControlMessage.GoAway) {
        server.logger.debug("the client goes away", metadata: ["peer": "\(peer)", "reason": "\(goAway.reason)"])
    }

    func connectionHasCapacity(_ connection: Connection) {}

    func connectionDidClose(_ connection: Connection, _ error: ConnectionError) {
        self.connection = nil
        server.connectionDidClose(self, addressKey: addressKey, error, peer: peer)
    }
}
