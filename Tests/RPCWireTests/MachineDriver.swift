import STTProto

@testable import RPCWire

/// Feeds a state machine with bytes, as a connection does.
struct MachineDriver: ~Copyable {
    var machine: ConnectionStateMachine
    var decoder: FrameDecoder
    var now: UInt64 = 0
    var events: [InboundEvent] = []
    /// Payloads of DATA, message by message.
    var messages: [[UInt8]] = []
    private var assembly: [UInt8] = []

    init(_ role: ConnectionStateMachine.Role, _ limits: WireLimits = WireLimits()) {
        machine = ConnectionStateMachine(role: role, local: limits)
        decoder = FrameDecoder(expectsPreface: role == .server)
    }

    /// - Returns: The error that ended the connection.
    mutating func feed(_ bytes: [UInt8]) -> ConnectionError? {
        let outcome: Result<Void, ConnectionError> = bytes.withUnsafeBytes { raw in
            var input = raw
            do throws(ConnectionError) {
                while let frame = try decoder.next(
                    &input, admit: { header throws(ConnectionError) in try machine.admit(header) })
                {
                    let event = try machine.receive(frame, now: now)
                    events.append(event)
                    if case .data(_, let isLast, let isFirst, _, _) = event {
                        assembly = isFirst ? Array(frame.payload) : assembly + frame.payload
                        if isLast { messages.append(assembly) }
                    }
                    _ = machine.takeReleased()
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = outcome { return error }
        return nil
    }

    /// Everything that the machine wants to send now.
    mutating func output() -> [UInt8] {
        var all: [UInt8] = []
        while machine.hasOutput {
            var batch = OutputBatch()
            machine.fill(&batch, maxBytes: 64 * 1024)
            all += batch.flattened
        }
        _ = machine.takeReleased()
        return all
    }

    mutating func outputFrames() -> [ParsedFrame] { parseFrames(output()) }
}

extension OutputBatch {
    var flattened: [UInt8] {
        pieces.flatMap { piece -> [UInt8] in
            switch piece {
            case .copied(let range): Array(copied[range])
            case .shared(let bytes, let range): Array(bytes.bytes[range])
            }
        }
    }
}

struct ParsedFrame: Equatable {
    var header: FrameHeader
    var payload: [UInt8]
    var type: FrameType? { FrameType(rawValue: header.type) }
}

func parseFrames(_ bytes: [UInt8]) -> [ParsedFrame] {
    var frames: [ParsedFrame] = []
    var at = 0
    while bytes.count - at >= FrameHeader.byteCount {
        let header = bytes[at...].withUnsafeBytes { FrameHeader(reading: $0) }
        let start = at + FrameHeader.byteCount
        frames.append(ParsedFrame(header: header, payload: Array(bytes[start..<start + Int(header.length)])))
        at = start + Int(header.length)
    }
    return frames
}

/// One frame's bytes.
func frame(
    _ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, payload: [UInt8] = []
) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendFrame(type, flags: flags, stream: stream, payload: payload)
    return bytes
}

func frame(
    _ type: FrameType, flags: FrameFlags = [], stream: UInt32 = 0, _ message: some ProtoMessage
) throws -> [UInt8] {
    frame(type, flags: flags, stream: stream, payload: try message.encode())
}

func rawFrame(_ header: FrameHeader, _ payload: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    header.write(to: &bytes)
    return bytes + payload
}

func hello(_ limits: ControlMessage.Limits = .init()) throws -> [UInt8] {
    try frame(.hello, ControlMessage.Hello(limits: limits))
}
