import STTProto
import Testing

@testable import RPCWire

@Suite("Short messages of a stream go straight into the output, too")
struct StreamedMessageTests {
    /// A server with so many calls open.
    private func server(calls: UInt32, window: UInt32 = 1 << 20) throws -> MachineDriver {
        var server = MachineDriver(.server)
        var input = WireProtocol.preface + (try hello(.init(initialWindowBytes: window)))
        for index in 0..<calls {
            input += try frame(.call, stream: 2 * index + 1, ControlMessage.Call(method: "a/B"))
        }
        #expect(server.feed(input) == nil)
        _ = server.output()
        return server
    }

    private func send(_ server: inout MachineDriver, _ slot: Int, _ message: [UInt8]) -> Bool {
        message.withUnsafeBytes { server.machine.sendDirectly(slot, $0) }
    }

    @Test func `they come in their order, before those that are queued later and before END`() throws {
        var server = try server(calls: 1)
        let long = [UInt8](repeating: 9, count: 20_000)
        #expect(send(&server, 0, [1]))
        #expect(send(&server, 0, []))
        server.machine.queueMessage(0, SharedBytes(long))
        // Behind one that waits there is no way past.
        let mayPass = server.machine.takesDirectly(0)
        #expect(!mayPass)
        #expect(!send(&server, 0, [2]))
        server.machine.queueMessage(0, SharedBytes([2]))
        server.machine.queueEnd(0, nil)
        #expect(!send(&server, 0, [3]))
        let frames = server.outputFrames()
        #expect(frames.prefix(2).map(\.payload) == [[1], []])
        #expect(frames.dropFirst(2).dropLast().flatMap(\.payload) == long + [2])
        #expect(frames.last?.type == .end)
    }

    @Test func `they cost credit, and wait for it in the stream`() throws {
        var server = try server(calls: 1, window: 65_536)
        let message = [UInt8](repeating: 1, count: 8000)
        var sent = 0
        while send(&server, 0, message) {
            sent += 1
            _ = server.output()
        }
        #expect(sent == 65_536 / 8012)
        server.machine.queueMessage(0, SharedBytes(message))
        _ = server.output()
        #expect(!send(&server, 0, [1]))
        #expect(server.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: 1 << 20))) == nil)
        #expect(server.outputFrames().count == 1)
        #expect(send(&server, 0, [1]))
    }

    @Test func `what lies in the output counts as waiting, and who waits for it is woken when it goes out`() throws {
        var server = try server(calls: 2)
        #expect(send(&server, 0, [UInt8](repeating: 1, count: 988)))
        let waiting = [server.machine.queuedBytes(0), server.machine.queuedBytes(1)]
        #expect(waiting == [1000, 0])
        server.machine.wakeSender(0, at: 500)
        var batch = OutputBatch()
        server.machine.fill(&batch, maxBytes: .max)
        #expect(batch.unblocked == [0])
        let left = server.machine.queuedBytes(0)
        #expect(left == 0)
        #expect(send(&server, 0, [1]))
        var next = OutputBatch()
        server.machine.fill(&next, maxBytes: .max)
        #expect(next.unblocked == [])
    }

    @Test func `a peer that does not read bounds what is written ahead`() throws {
        var server = try server(calls: 1)
        var count = 0
        while send(&server, 0, [UInt8](repeating: 1, count: 1000)) { count += 1 }
        #expect(server.machine.controlBytes <= ConnectionStateMachine.maxDirectOutput + 2 * 1012)
        #expect(count > 50)
    }

    @Test func `a message that is longer than short is queued`() throws {
        var server = try server(calls: 1)
        #expect(!send(&server, 0, [UInt8](repeating: 1, count: ConnectionStateMachine.maxDirectBytes + 1)))
        #expect(send(&server, 0, [UInt8](repeating: 1, count: ConnectionStateMachine.maxDirectBytes)))
    }

    @Test func `the bytes of a batch that took them over are all there, in pieces that fit`() throws {
        var server = try server(calls: 1)
        let messages = (0..<50).map { [UInt8](repeating: UInt8($0), count: 500) }
        for message in messages { #expect(send(&server, 0, message)) }
        server.machine.queueMessage(0, SharedBytes([UInt8](repeating: 77, count: 10_000)))
        var batch = OutputBatch()
        server.machine.fill(&batch, maxBytes: .max)
        let frames = parseFrames(batch.flattened)
        #expect(frames.prefix(50).map(\.payload) == messages)
        #expect(frames.last?.payload.count == 10_000)
        #expect(batch.byteCount == batch.flattened.count)
    }
}
