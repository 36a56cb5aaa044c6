package import STTProto

/// What a frame means for the layer above.
package enum InboundEvent: Sendable, Equatable {
    /// Nothing to do: the machine dealt with it, or the frame came late.
    case nothing
    case hello(ControlMessage.Hello)
    /// Server: a stream was opened.
    case call(slot: Int, ControlMessage.Call)
    /// A fragment: the frame's payload. `flow` is to be given back with `consumed` once the message is used up; it is
    /// set with the last fragment.
    case data(slot: Int, isLastFragment: Bool, isFirstFragment: Bool, endsSending: Bool, flow: UInt64)
    /// Server: the client sends nothing more.
    case endOfMessages(slot: Int)
    /// A message is longer than this side accepts. The stream is to be ended.
    case messageTooLarge(slot: Int)
    /// The streams together hold all that a connection may. This one, which needs more, is to be ended.
    case tooMuchHeld(slot: Int)
    /// Client: the stream is over. The slot is to be released.
    case end(slot: Int, ControlMessage.End)
    /// The peer gave the stream up. On a client the slot is to be released.
    case cancelled(slot: Int, ControlMessage.Cancel)
    case pong(UInt64)
    case goAway(ControlMessage.GoAway)
}
