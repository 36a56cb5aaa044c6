/// What a subscriber of a channel is told. Called on the loop's thread: must not block.
enum ChannelEvent: Sendable {
    case message([UInt8])
    /// The subscription stands again after an outage in which messages may have been lost.
    case restored
    /// The client was closed.
    case ended
}

/// One subscriber of one channel.
struct ChannelSubscriber: Sendable {
    let id: UInt64
    let channel: String
    let receive: @Sendable (ChannelEvent) -> Void
    /// Called once: when the server has acknowledged the subscription, or when that is not to be waited for.
    let isReady: @Sendable () -> Void
}
