public import Logging
public import RPCTransport
internal import RPCWire

/// Serves the methods of a registry on TCP and unix sockets.
public final class RPCServer: Sendable {
    public init(methods: MethodRegistry, configuration: RPCServerConfiguration = .init(), logger: Logger) {}

    /// Listens.
    ///
    /// - Returns: The addresses as bound, with the ports that the system chose.
    /// - Throws: ``RPCWire/RPCError`` with the reason where an address cannot be bound; none is bound then.
    public func start(listeningOn addresses: [ListenAddress]) async throws -> [ListenAddress] {
        throw RPCError(.unimplemented, "the server is not there yet")
    }

    /// Accepts nothing new, lets running calls finish for at most `grace`, then cuts what is left with UNAVAILABLE and
    /// closes.
    public func drain(grace: Duration) async {}

    /// Ends every call and closes at once.
    public func shutdown() async {}
}
