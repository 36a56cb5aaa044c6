internal import RPCWire

/// How much streams may send ahead of what goes out.
extension Connection {
    private static let leastRoomOfStream = 4 * 1024

    /// Many streams share what the connection may keep, so that their first bytes go out before the last are made.
    private var roomOfStream: Int {
        let share = configuration.connectionOutputBytes / max(1, machine.streamCount)
        return min(configuration.streamOutputBytes, max(share, Self.leastRoomOfStream))
    }

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

    func wakeWhenThereIsRoom(_ stream: CallStream) { machine.wakeSender(stream.slot, at: roomOfStream / 2) }
}
