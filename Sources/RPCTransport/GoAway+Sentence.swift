internal import RPCWire
internal import STTProto

extension ControlMessage.GoAway {
    /// What a call that the connection took with it says of why.
    func sentence(of peer: String) -> String {
        reason == CloseReason.drain.rawValue ? "the server is going away" : "\(peer) ended the connection: \(message)"
    }
}
