import STTProto
import Testing

@testable import RPCWire

/// Every frame in every state, for both roles: what is legal, what ends the stream, what ends the connection.
@Suite("Rules for frames that come in")
struct InboundRuleTests {
    enum State: CaseIterable { case beforeHello, idle, streamOpen, clientDone, streamClosed }
    enum Expected: Equatable { case ok, ignored, fatal(CloseReason) }

    static func driver(_ role: ConnectionStateMachine.Role, in state: State) throws -> MachineDriver {
        var driver = MachineDriver(role)
        if role == .server { _ = driver.feed(WireProtocol.preface) }
        if state == .beforeHello { return driver }
        _ = driver.feed(try hello())
        guard state != .idle else {
            driver.events = []
            return driver
        }
        if role == .server {
            _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
            if state == .clientDone { _ = driver.feed(frame(.data, flags: .endSend, stream: 1, payload: [1])) }
            if state == .streamClosed { driver.machine.endNow(0, RPCError(.notFound, "")) }
        } else {
            _ = driver.machine.openStream([])
            if state == .clientDone { driver.machine.queueEndOfMessages(0) }
            if state == .streamClosed { driver.machine.cancel(0, .cancelled) }
        }
        _ = driver.output()
        driver.events = []
        return driver
    }

    struct Row: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let expected: [State: Expected]
        var testDescription: String { name }

        /// - Parameter expected: In the order of the states.
        init(_ name: String, _ bytes: [UInt8], _ expected: Expected...) {
            self.name = name
            self.bytes = bytes
            self.expected = Dictionary(uniqueKeysWithValues: zip(State.allCases, expected))
        }
    }

    static let bad = Expected.fatal(.protocolError)

    static func serverRows() throws -> [Row] {
        let call = ControlMessage.Call(method: "a/B")
        return [
            Row("HELLO", try hello(), .ok, bad, bad, bad, bad),
            Row("CALL 1", try frame(.call, stream: 1, call), bad, .ok, bad, bad, bad),
            Row("CALL 3", try frame(.call, stream: 3, call), bad, .ok, .ok, .ok, .ok),
            Row("CALL 2", try frame(.call, stream: 2, call), bad, bad, bad, bad, bad),
            Row("CALL 0", try frame(.call, stream: 0, call), bad, bad, bad, bad, bad),
            Row("DATA", frame(.data, stream: 1, payload: [1]), bad, bad, .ok, bad, .ignored),
            Row("DATA END_SEND", frame(.data, flags: .endSend, stream: 1, payload: [1]), bad, bad, .ok, bad, .ignored),
            Row(
                "DATA END_SEND NO_MESSAGE", frame(.data, flags: [.endSend, .noMessage], stream: 1), bad, bad, .ok, bad,
                .ignored),
            Row("DATA MORE END_SEND", frame(.data, flags: [.more, .endSend], stream: 1), bad, bad, bad, bad, bad),
            Row("DATA NO_MESSAGE", frame(.data, flags: .noMessage, stream: 1), bad, bad, bad, bad, bad),
            Row("DATA unknown flag", frame(.data, flags: .init(rawValue: 0x40), stream: 1), bad, bad, bad, bad, bad),
            Row("END", try frame(.end, stream: 1, ControlMessage.End(code: 0)), bad, bad, bad, bad, bad),
            Row("CANCEL", try frame(.cancel, stream: 1, ControlMessage.Cancel(code: 1)), bad, bad, .ok, .ok, .ignored),
            Row(
                "WINDOW", try frame(.window, stream: 1, ControlMessage.Window(limit: 1 << 20)), bad, bad, .ok, .ok,
                .ignored),
            Row("WINDOW garbage", frame(.window, stream: 1, payload: [0xFF]), bad, bad, bad, bad, bad),
            Row("PING", frame(.ping, payload: [0, 0, 0, 0, 0, 0, 0, 1]), bad, .ok, .ok, .ok, .ok),
            Row("PING of 7 bytes", frame(.ping, payload: [0, 0, 0, 0, 0, 0, 1]), bad, bad, bad, bad, bad),
            Row(
                "PING on a stream", frame(.ping, stream: 1, payload: [UInt8](repeating: 0, count: 8)), bad, bad, bad,
                bad, bad),
            Row("GOAWAY", try frame(.goAway, ControlMessage.GoAway(lastStream: 0)), bad, .ok, .ok, .ok, .ok),
            Row("unknown type", rawFrame(FrameHeader(length: 0, type: 99)), bad, bad, bad, bad, bad),
            Row(
                "unknown ignorable type", rawFrame(FrameHeader(length: 1, type: 99, flags: .ignorable), [7]), bad,
                .ignored, .ignored, .ignored, .ignored),
            Row("reserved bits", rawFrame(FrameHeader(length: 8, type: 7, reserved: 1)), bad, bad, bad, bad, bad),
            Row(
                "DATA too long", rawFrame(FrameHeader(length: 65537, type: 3, stream: 1)),
                bad, .fatal(.frameTooLarge), .fatal(.frameTooLarge), .fatal(.frameTooLarge), .fatal(.frameTooLarge)),
            Row(
                "HELLO too long", rawFrame(FrameHeader(length: 4097, type: 1)),
                .fatal(.frameTooLarge), .fatal(.frameTooLarge), .fatal(.frameTooLarge), .fatal(.frameTooLarge),
                .fatal(.frameTooLarge)),
        ]
    }

    static func clientRows() throws -> [Row] {
        [
            Row("HELLO", try hello(), .ok, bad, bad, bad, bad),
            Row("CALL", try frame(.call, stream: 3, ControlMessage.Call(method: "a/B")), bad, bad, bad, bad, bad),
            Row("DATA", frame(.data, stream: 1, payload: [1]), bad, bad, .ok, .ok, .ignored),
            Row("DATA END_SEND", frame(.data, flags: .endSend, stream: 1, payload: [1]), bad, bad, bad, bad, bad),
            Row("END", try frame(.end, stream: 1, ControlMessage.End(code: 0)), bad, bad, .ok, .ok, .ignored),
            Row("END garbage", frame(.end, stream: 1, payload: [0xFF]), bad, bad, .ok, .ok, .ignored),
            Row("CANCEL", try frame(.cancel, stream: 1, ControlMessage.Cancel(code: 1)), bad, bad, .ok, .ok, .ignored),
            Row("WINDOW", try frame(.window, stream: 1, ControlMessage.Window(limit: 1)), bad, bad, .ok, .ok, .ignored),
            Row("PING", frame(.ping, payload: [UInt8](repeating: 0, count: 8)), bad, .ok, .ok, .ok, .ok),
            Row(
                "PING ACK", frame(.ping, flags: .ack, payload: [UInt8](repeating: 0, count: 8)), bad, .ok, .ok, .ok, .ok
            ),
            Row("GOAWAY", try frame(.goAway, ControlMessage.GoAway(lastStream: 0)), .ok, .ok, .ok, .ok, .ok),
        ]
    }

    private func check(_ role: ConnectionStateMachine.Role, _ row: Row) throws {
        for state in State.allCases {
            var driver = try Self.driver(role, in: state)
            let error = driver.feed(row.bytes)
            let place = "\(role) \(state)"
            switch row.expected[state] {
            case .fatal(let reason): #expect(error?.reason == reason, "\(place): \(String(describing: error))")
            case .ignored:
                #expect(error == nil, "\(place)")
                #expect(driver.events == [.nothing], "\(place)")
                #expect(driver.outputFrames().isEmpty, "\(place)")
            case .ok, nil: #expect(error == nil, "\(place)")
            }
        }
    }

    @Test(arguments: try serverRows()) func `each frame in each state of a server has its one outcome`(_ row: Row)
        throws
    {
        try check(.server, row)
    }

    @Test(arguments: try clientRows()) func `each frame in each state of a client has its one outcome`(_ row: Row)
        throws
    {
        try check(.client, row)
    }

    @Test func `a wrong preface is fatal at its first wrong byte`() {
        for index in WireProtocol.preface.indices {
            var driver = MachineDriver(.server)
            var bytes = Array(WireProtocol.preface[...index])
            bytes[index] ^= 0x20
            #expect(driver.feed(bytes)?.reason == .protocolError)
        }
    }

    @Test func `a HELLO without a common version is fatal`() throws {
        var driver = MachineDriver(.server)
        let bytes = try frame(.hello, ControlMessage.Hello(versionMin: 2, versionMax: 3))
        #expect(driver.feed(WireProtocol.preface + bytes)?.reason == .versionMismatch)
    }

    @Test func `a HELLO with limits below the protocol's is fatal`() throws {
        var driver = MachineDriver(.client)
        #expect(driver.feed(try hello(.init(initialWindowBytes: 100)))?.reason == .protocolError)
    }

    @Test func `a malformed CALL ends its stream only`() throws {
        var driver = try Self.driver(.server, in: .idle)
        #expect(driver.feed(frame(.call, stream: 1, payload: [0xFF])) == nil)
        let frames = driver.outputFrames()
        #expect(frames.count == 1)
        #expect(try ControlMessage.End.decode(frames[0].payload).code == StatusCode.invalidArgument.rawValue)
        #expect(driver.feed(frame(.data, stream: 1, payload: [1])) == nil)
        #expect(driver.machine.streamCount == 0)
    }

    @Test func `a CALL beyond the stream limit is refused, and its slot is not taken`() throws {
        var limits = WireLimits()
        limits.maxStreams = 2
        var driver = MachineDriver(.server, limits)
        var bytes = WireProtocol.preface + (try hello())
        for id: UInt32 in [1, 3, 5] { bytes += try frame(.call, stream: id, ControlMessage.Call(method: "a/B")) }
        #expect(driver.feed(bytes) == nil)
        #expect(driver.machine.streamCount == 2)
        let end = driver.outputFrames().last
        #expect(end?.header.stream == 5)
        #expect(try ControlMessage.End.decode(end?.payload ?? []).code == StatusCode.resourceExhausted.rawValue)
    }
}
