import STTProto
import Testing

@testable import RPCWire

/// The hex dump of docs/PROTOCOL.md, §9.
@Suite("The documented bytes")
struct DocumentedBytesTests {
    private static let preface: [UInt8] = [0x89, 0x53, 0x54, 0x54, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let hello: [UInt8] = [0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0x08, 1, 0x10, 1]
    private static let call: [UInt8] =
        [0, 0, 0, 0x1F, 2, 0, 0, 0, 0, 0, 0, 1, 0x0A, 0x1A] + [UInt8]("stt.v1.SpeechToText/Status".utf8)
        + [0x10, 0x88, 0x27]
    private static let data: [UInt8] = [0, 0, 0, 4, 3, 2, 0, 0, 0, 0, 0, 1, 0x0A, 2, 0x6A, 0x31]

    @Test func `a server reads the documented call`() {
        var server = MachineDriver(.server)
        #expect(server.feed(Self.preface + Self.hello + Self.call + Self.data) == nil)
        let call = ControlMessage.Call(method: "stt.v1.SpeechToText/Status", deadlineMilliseconds: 5000)
        #expect(server.events.contains(.call(slot: 0, call)))
        #expect(server.messages == [[0x0A, 2, 0x6A, 0x31]])
    }

    @Test func `a client writes the documented call after its HELLO`() throws {
        var client = MachineDriver(.client)
        client.machine.sendHello(ControlMessage.Hello())
        let call = ControlMessage.Call(method: "stt.v1.SpeechToText/Status", deadlineMilliseconds: 5000)
        let slot = client.machine.openStream(try call.encode())
        client.machine.queueMessage(slot, SharedBytes([0x0A, 2, 0x6A, 0x31]), endsSending: true)
        let bytes = client.output()
        #expect(Array(bytes.prefix(8)) == Self.preface)
        #expect(Array(bytes.suffix(Self.call.count + Self.data.count)) == Self.call + Self.data)
    }

    @Test func `the documented END of an unknown job is written`() throws {
        var server = MachineDriver(.server)
        _ = server.feed(Self.preface + Self.hello + Self.call + Self.data)
        server.machine.endNow(0, RPCError(.notFound, "no job j1"))
        #expect(
            server.output()
                == [0, 0, 0, 0x0D, 4, 0, 0, 0, 0, 0, 0, 1, 0x08, 5, 0x12, 9] + [UInt8]("no job j1".utf8))
    }
}
