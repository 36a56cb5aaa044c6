internal import RPCWire

/// A DATA frame whose payload is taken as it comes.
struct LongFrame {
    let stream: CallStream
    let isLast: Bool
    let endsSending: Bool
    let flow: UInt64
}

extension Connection {
    /// Payloads of this length are taken in parts: shorter ones are read whole more often than not.
    static let longPayloadBytes = 16 * 1024
    /// So much of a payload is worth a read to its own place. What comes after it is read in the same call.
    private static let leastDirectBytes = 8 * 1024
    private static let shortReadBytes = 4 * 1024

    /// For reads after which a long frame is likely: its payload is to go to its place, too.
    var shortReadBuffer: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer[..<Self.shortReadBytes])
    }

    /// Reads payload straight to where its message is assembled, and what follows into the loop's buffer. nil where no long
    /// payload is awaited.
    ///
    /// - Returns: What came of reading, and how many bytes of it are in the loop's buffer.
    func readDirectly() -> (IOResult, buffered: Int)? {
        guard decoder.payloadLeft >= Self.leastDirectBytes, let longFrame, isTaking(longFrame),
            let socket = transport as? SocketStream
        else { return nil }
        let wanted = decoder.payloadLeft
        var result = IOResult.wouldBlock
        var taken = 0
        longFrame.stream.receivePart(upTo: wanted) { place in
            result = socket.read(into: place, then: shortReadBuffer)
            if case .bytes(let count) = result { taken = min(count, wanted) }
            return taken
        }
        guard case .bytes(let count) = result else { return (result, 0) }
        tookPayload(taken)
        return (result, count - taken)
    }

    /// Takes what of `input` belongs to the payload of the frame under way.
    func takePayload(_ input: inout UnsafeRawBufferPointer) {
        let count = min(input.count, decoder.payloadLeft)
        guard count > 0 else { return }
        if let longFrame, isTaking(longFrame) {
            longFrame.stream.receivePart(UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        tookPayload(count)
    }

    /// The stream may have ended since the frame began.
    private func isTaking(_ frame: LongFrame) -> Bool {
        frame.stream.connection === self && machine.isOpen(frame.stream.slot)
    }

    private func tookPayload(_ count: Int) {
        decoder.tookPayload(count)
        guard decoder.payloadLeft == 0 else { return }
        times.frameStarted = 0
        guard let frame = longFrame else { return }
        longFrame = nil
        if isTaking(frame) {
            frame.stream.finishFragment(isLast: frame.isLast, endsSending: frame.endsSending, flow: frame.flow)
        }
    }
}
