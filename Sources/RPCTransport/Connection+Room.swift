package import RPCWire

/// How much streams may send ahead of what goes out.
extension Connection {
    private static let leastRoomOfStream = 4 * 1024

    /// Many streams share what the connection may keep, so that their first bytes go out before the last are made.
    private var roomOfStream: Int {
        let share = configuration.connectionOutputBytes / max(1, machine.streamCount)
        return min(configuration.streamOutputBytes, max(share, Self.leastRoomOfStream))
    }

    /// Whether the stream's next message is taken, or its sender has to wait until some of what it sent has gone out.
    ///
    /// Bounded is what of the stream has been taken and has not gone out, headers included: what lies in the connection's
    /// output and what is queued in the stream. The message that is taken comes on top of it, so the bound is kept to one
    /// message. There are two:
    ///
    /// - ``roomOfStream`` (128 KiB by default, 512 KiB on a client, and 1 MiB for all streams of the connection together or
    ///   4 KiB each) bounds the memory that a peer can make this side keep by not reading, or by giving no credit.
    /// - Where short messages go straight into the output, ``ConnectionStateMachine/directShareBytes`` (48 KiB) bounds the run
    ///   of one stream: a handler that never waits for anything else comes to wait here, and it is the others' turn, on this
    ///   connection and on the loop. Less would mean a write, and a task that is woken, for fewer messages; the output takes
    ///   64 KiB in all before it takes no more directly, so one stream leaves room in it for replies of others. A stream
    ///   that cannot send directly (its credit is used up, or the output is full) is held up by that already, and only its
    ///   memory is bounded.
    ///
    /// A stream of which nothing waits has room, however small its share: so one message of any length is always taken, and
    /// none waits for ever.
    func hasRoom(_ stream: CallStream) -> Bool {
        let waiting = machine.queuedBytes(stream.slot)
        return waiting < min(roomOfStream, ConnectionStateMachine.directShareBytes) || waiting == 0
            || (waiting < roomOfStream && !machine.takesDirectly(stream.slot))
    }

    /// Whether a short message of the stream may go straight into the output.
    func takesDirectly(_ stream: CallStream) -> Bool {
        phase == .open && machine.takesDirectly(stream.slot) && hasRoom(stream)
    }

    /// Copies a message into the output. False where it has to be queued.
    func sendDirectly(_ stream: CallStream, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard machine.sendDirectly(stream.slot, bytes) else { return false }
        setDirty()
        if machine.controlBytes >= ConnectionStateMachine.directShareBytes, unsent.isEmpty { loop.flushSoon(self) }
        return true
    }

    /// At half of what a stream may have waiting, so that it is woken for many messages at once.
    func wakeWhenThereIsRoom(_ stream: CallStream) { machine.wakeSender(stream.slot, at: roomOfStream / 2) }

    /// - Throws: Where the peer has so many replies to take already that this one may not wait, too.
    package func checkRoom(forReply reply: SharedBytes) throws(RPCError) {
        let waiting = machine.queuedOutputBytes
        guard waiting + reply.count <= configuration.waitingReplyBytes || waiting == 0 else {
            throw RPCError(
                .resourceExhausted,
                "\(waiting) bytes of replies wait for this client to take them; read, then try again")
        }
    }
}
