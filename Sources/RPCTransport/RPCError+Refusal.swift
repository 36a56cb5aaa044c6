package import RPCWire

extension RPCError {
    /// What the calls of a connection end with that its server refused for want of the right token.
    package static func refusedConnection(to peer: String, _ message: String) -> RPCError {
        RPCError(.unauthenticated, message.isEmpty ? "\(peer) does not let this client in" : "\(peer): \(message)")
    }
}
