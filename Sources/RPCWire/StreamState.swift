internal import DequeModule

/// One stream as the state machine knows it.
///
/// `flow bytes` are what credit counts: the payload of a DATA frame and its header.
struct StreamState {
    struct QueuedMessage {
        let bytes: SharedBytes
        var sent = 0
        /// The client's last.
        let endsSending: Bool
        /// There is no message, only the end.
        let isOnlyEnd: Bool
    }

    var id: UInt32 = 0
    /// Frames of the stream are read and written. Afterwards late ones are ignored.
    var isOpen = false
    /// On a server: the handler has not returned, so the slot is not free.
    var isHandled = false

    // Receiving, in flow bytes.
    var received: UInt64 = 0
    var consumed: UInt64 = 0
    var advertisedLimit: UInt64 = 0
    /// Of the message in assembly.
    var assemblingFlow: UInt64 = 0
    var assemblingBytes = 0
    var isMidMessage = false
    var peerIsDone = false
    /// Of the message in assembly: credit that it gets once what came before it is used up.
    var reserved: UInt64 = 0
    /// Messages that the application took and that stay in memory. Never more than was received and not consumed.
    var retained: UInt64 = 0
    /// This stream's part of the connection's ``ConnectionStateMachine/heldBytes``.
    var held: UInt64 = 0

    // Sending.
    var queue: Deque<QueuedMessage> = []
    var queuedBytes = 0
    var sent: UInt64 = 0
    var peerLimit: UInt64 = 0
    var isInRing = false
    var isDoneSending = false
    /// The END frame's payload, to follow the queue.
    var endPayload: [UInt8]?
    /// A sender waits until `queuedBytes` is at most this; -1 where none does.
    var wakeAt = -1

    mutating func dropOutput() {
        queue.removeAll()
        queuedBytes = 0
        endPayload = nil
        isDoneSending = true
    }
}
