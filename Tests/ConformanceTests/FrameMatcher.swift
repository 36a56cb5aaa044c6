import RPCWire
import STTProto

/// Compares the frames of a connection with what vectors expect of them, stream by stream.
struct FrameMatcher {
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    private static let seldomExpected: Set<String> = ["HELLO", "WINDOW", "PING"]

    let reader: FrameReader
    /// Frames that came before the pattern that asks for them.
    private var early: [ReceivedFrame] = []
    private(set) var isOver = false

    init(_ reader: FrameReader) { self.reader = reader }

    /// Reads until a frame of the pattern's stream comes, which must fit it.
    mutating func match(_ pattern: FramePattern) throws {
        if pattern.closed == true { return try matchClosed() }
        let kind = pattern.frame ?? ""
        if kind == "DATA" {
            for _ in 0..<(pattern.count ?? 1) { try matchMessage(pattern) }
            return
        }
        while true {
            let frame = try next(kind, stream: pattern.stream)
            if kind == "WINDOW", let least = pattern.atLeast, (frame.limit ?? 0) < least { continue }
            try check(frame, pattern)
            if kind == "GOAWAY" { isOver = true }
            return
        }
    }

    private mutating func matchMessage(_ pattern: FramePattern) throws {
        var message: [UInt8] = []
        var frame: ReceivedFrame
        repeat {
            frame = try next("DATA", stream: pattern.stream)
            try check(frame, pattern)
            message += frame.payload
        } while frame.header.flags.contains(.more)
        if let expected = pattern.message, expected.bytes != message {
            throw Mismatch(description: "the message is \(message), expected \(expected.bytes)")
        }
    }

    private func check(_ frame: ReceivedFrame, _ pattern: FramePattern) throws {
        var isRight = frame.name == pattern.frame
        if let stream = pattern.stream { isRight = isRight && frame.header.stream == stream }
        if let flags = pattern.flags { isRight = isRight && frame.header.flags.rawValue == flags }
        if let payload = pattern.payload { isRight = isRight && frame.payload == payload.bytes }
        if let code = pattern.code { isRight = isRight && frame.code == code }
        if let reason = pattern.reason { isRight = isRight && frame.goAway?.reason == reason }
        guard isRight else { throw Mismatch(description: "came: \(frame); expected: \(pattern)") }
    }

    private mutating func next(_ kind: String, stream: UInt32?) throws -> ReceivedFrame {
        func isWanted(_ frame: ReceivedFrame) -> Bool {
            if frame.name == kind { return stream == nil || frame.header.stream == stream }
            if Self.seldomExpected.contains(frame.name) { return false }
            // Of another kind on the same stream, or an end of the connection: not what was expected.
            return frame.name == "GOAWAY" || (stream != nil && frame.header.stream == stream)
        }
        if let index = early.firstIndex(where: isWanted) { return early.remove(at: index) }
        while true {
            let frame = try reader.next()
            if isWanted(frame) { return frame }
            if !Self.seldomExpected.contains(frame.name) { early.append(frame) }
        }
    }

    private mutating func matchClosed() throws {
        isOver = true
        do {
            while true {
                let frame = try reader.next()
                guard Self.seldomExpected.contains(frame.name) else {
                    throw Mismatch(description: "came: \(frame); expected: the end of the connection")
                }
            }
        } catch is FrameReader.Closed {
            if let frame = early.first { throw Mismatch(description: "came as well: \(frame)") }
        }
    }

    /// The connection still works, and nothing came that was not expected.
    mutating func checkAlive() throws {
        let payload: [UInt8] = [7, 7, 7, 7, 1, 2, 3, 4]
        var ping: [UInt8] = []
        FrameHeader(length: 8, type: FrameType.ping.rawValue).write(to: &ping)
        reader.send(ping[...] + payload)
        while true {
            let frame = try reader.next()
            if frame.name == "PING", frame.payload == payload, frame.header.flags == .ack { break }
            if !Self.seldomExpected.contains(frame.name) { early.append(frame) }
        }
        if let frame = early.first { throw Mismatch(description: "came as well: \(frame)") }
    }
}
