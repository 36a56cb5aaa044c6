extension ConnectionStateMachine {
    /// Judges a frame by its header alone, before its payload is read.
    package func admit(_ header: FrameHeader) throws(ConnectionError) {
        guard header.reserved == 0 else { throw ConnectionError(.protocolError, "reserved header bits are set") }
        guard let type = FrameType(rawValue: header.type) else {
            guard header.flags.contains(.ignorable) else {
                throw ConnectionError(.protocolError, "unknown frame type \(header.type)")
            }
            guard isHelloReceived else { throw ConnectionError(.protocolError, "a frame before HELLO") }
            guard header.length <= WireProtocol.maxUnknownPayload else {
                throw ConnectionError(.frameTooLarge, "a frame of unknown type of \(header.length) bytes")
            }
            return
        }
        // A server that turns a client away says so with GOAWAY alone.
        guard isHelloReceived || type == .hello || (type == .goAway && role == .client) else {
            throw ConnectionError(.protocolError, "a frame before HELLO")
        }
        let limit = WireProtocol.maxPayload(type, maxFrameBytes: local.maxFrameBytes)
        guard header.length <= limit else {
            throw ConnectionError(.frameTooLarge, "\(type) of \(header.length) bytes; at most \(limit) are accepted")
        }
        try admitFlags(header, type)
        try admitStream(header, type)
    }

    private func admitFlags(_ header: FrameHeader, _ type: FrameType) throws(ConnectionError) {
        let known: FrameFlags =
            switch type {
            case .data: [.more, .endSend, .noMessage]
            case .ping: .ack
            default: []
            }
        guard header.flags.subtracting(.ignorable).isSubset(of: known) else {
            throw ConnectionError(.protocolError, "\(type) with unknown flags")
        }
        guard type != .ping || header.length == 8 else {
            throw ConnectionError(.protocolError, "a PING of \(header.length) bytes; it has 8")
        }
        guard type == .data else { return }
        guard !header.flags.isSuperset(of: [.more, .endSend]) else {
            throw ConnectionError(.protocolError, "END_SEND within a message")
        }
        guard !header.flags.contains(.noMessage) || (header.length == 0 && header.flags.contains(.endSend)) else {
            throw ConnectionError(.protocolError, "NO_MESSAGE with a payload or without END_SEND")
        }
        guard role == .server || !header.flags.contains(.endSend) else {
            throw ConnectionError(.protocolError, "END_SEND from a server")
        }
    }

    private func admitStream(_ header: FrameHeader, _ type: FrameType) throws(ConnectionError) {
        switch type {
        case .hello, .ping, .goAway:
            guard header.stream == 0 else { throw ConnectionError(.protocolError, "\(type) on a stream") }
        case .call, .data, .end, .cancel, .window:
            guard header.stream & 1 == 1, header.stream <= WireProtocol.maxStreamID else {
                throw ConnectionError(.protocolError, "stream \(header.stream) cannot exist")
            }
        }
        switch (type, role) {
        case (.call, .client): throw ConnectionError(.protocolError, "CALL from a server")
        case (.end, .server): throw ConnectionError(.protocolError, "END from a client")
        case (.call, .server):
            guard header.stream > highestStream else {
                throw ConnectionError(.protocolError, "stream \(header.stream) is not above the last one")
            }
        case (.data, _), (.end, _), (.cancel, _), (.window, _):
            guard header.stream <= highestStream else {
                throw ConnectionError(.protocolError, "\(type) on stream \(header.stream), which was never opened")
            }
        default: break
        }
    }
}
