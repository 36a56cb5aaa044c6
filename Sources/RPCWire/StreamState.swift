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
    var isMidMessage = false
    var peerIsDone = false
    var isInRing = false
    var isDoneSending = false
    /// Of the CALL's payload, which the call keeps in one form or another.
    var callBytes: UInt16 = 0

    // In 32 bits, for an idle stream is to be small.

    /// The window as it is now, what of it was consumed since its use is watched, and since when, in microseconds.
    var windowBytes: UInt32 = 0
    var windowUsed: UInt32 = 0
    var windowMarkTime: UInt32 = 0
    /// A sender waits until `queuedBytes` is at most this; -1 where none does.
    var wakeAt: Int32 = -1
    /// Of the message in assembly, whose length HELLO bounds in 32 bits, too.
    var assemblingBytes: UInt32 = 0

    // Receiving, in flow bytes.
    var received: UInt64 = 0
    var consumed: UInt64 = 0
    var advertisedLimit: UInt64 = 0
    /// Of the message in assembly.
    var assemblingFlow: UInt64 = 0
    /// Messages that were used up and are still in memory.
    var retained: UInt64 = 0
    /// This stream's part of the connection's ``ConnectionStateMachine/heldBytes``.
    var held: UInt64 = 0

    // Sending.
    var queue: Deque<QueuedMessage> = []
    var queuedBytes = 0
    var sent: UInt64 = 0
    var peerLimit: UInt64 = 0
    /// Written into the connection's output since it last went out, and which time that was.
    var directBytes: UInt32 = 0
    var directFill: UInt32 = 0
    /// The END frame's payload, to follow the queue.
    var endPayload: [UInt8]?

    mutating func dropOutput() {
        queue.removeAll()
        queuedBytes = 0
        endPayload = nil
        isDoneSending = true
    }
}
