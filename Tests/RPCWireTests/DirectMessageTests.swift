import STTProto
import Testing

@testable import RPCWire

@Suite("Short requests and replies go straight into the output")
struct DirectMessageTests {
    /// A server with one call open, whose request has come.
    private func serverWithCall(_ limits: ControlMessage.Limits = .init()) throws -> MachineDriver {
        var server = MachineDriver(.server)
        let call = try frame(.call, stream: 1, ControlMessage.Call(method: "a/B"))
        let request = frame(.data, flags: .endSend, stream: 1, payload: [1])
        #expect(server.feed(WireProtocol.preface + (try hello(limits)) + call + request) == nil)
        _ = server.output()
        return server
    }

    @Test(arguments: [0, 1, 8 * 1024, 8 * 1024 + 1, 200_000])
    func `a reply and its OK come in this order, however long`(count: Int) throws {
        var server = try serverWithCall(.init(initialWindowBytes: 1 << 20))
        let reply = [UInt8](repeating: 7, count: count)
        server.machine.queueReply(0, SharedBytes(reply))
        server.machine.handlerReturned(0)
        let frames = server.outputFrames()
        #expect(frames.dropLast().flatMap(\.payload) == reply)
        #expect(frames.dropLast().allSatisfy { $0.type == .data })
        #expect(frames.dropLast().last?.header.flags.contains(.more) == false)
        #expect(frames.last?.type == .end)
        #expect(frames.last?.payload == [])
        #expect(server.machine.streamCount == 0)
    }

    @Test func `a reply beyond the client's credit waits for it`() throws {
        var server = MachineDriver(.server)
        let call = try frame(.call, stream: 1, ControlMessage.Call(method: "a/B"))
        #expect(server.feed(WireProtocol.preface + (try hello()) + call) == nil)
        _ = server.output()
        // A stream that has sent nearly all it may.
        server.machine.queueMessage(0, SharedBytes([UInt8](repeating: 1, count: 60_000)))
        _ = server.output()
        server.machine.queueReply(0, SharedBytes([UInt8](repeating: 2, count: 8000)))
        #expect(server.outputFrames().last?.type == .data)
        #expect(server.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: 1 << 20))) == nil)
        #expect(server.outputFrames().last?.type == .end)
    }

    @Test func `replies to a client that does not read wait in their streams, and those count`() throws {
        var limits = WireLimits()
        limits.maxStreams = 64
        var server = MachineDriver(.server, limits)
        var input = WireProtocol.preface + (try hello())
        for index in 0..<UInt32(64) {
            input += try frame(.call, stream: 2 * index + 1, ControlMessage.Call(method: "a/B"))
        }
        #expect(server.feed(input) == nil)
        for slot in 0..<64 {
            server.machine.queueReply(slot, SharedBytes([UInt8](repeating: 1, count: 8000)))
            server.machine.handlerReturned(slot)
        }
        #expect(server.machine.controlBytes < 80 * 1024)
        #expect(server.machine.streamCount == 64)
        #expect(server.outputFrames().count { $0.type == .end } == 64)
        #expect(server.machine.streamCount == 0)
    }

    @Test func `a call that is given up before its reply goes out counts as a reset`() throws {
        var limits = WireLimits()
        limits.maxResets = 0
        var server = MachineDriver(.server, limits)
        let call = try frame(.call, stream: 1, ControlMessage.Call(method: "a/B"))
        #expect(server.feed(WireProtocol.preface + (try hello()) + call) == nil)
        server.machine.queueReply(0, SharedBytes([1]))
        server.machine.handlerReturned(0)
        #expect(server.feed(try frame(.cancel, stream: 1, ControlMessage.Cancel(code: 1))) == nil)
        #expect(server.machine.abuse != nil)
        #expect(server.machine.streamCount == 0)
        // Its slot may have been given to another stream, which the output of the first does not end.
        #expect(server.feed(try frame(.call, stream: 3, ControlMessage.Call(method: "a/B"))) == nil)
        _ = server.output()
        #expect(server.machine.streamCount == 1)
    }

    @Test func `a call is ended once only`() throws {
        var server = try serverWithCall()
        server.machine.queueReply(0, SharedBytes([1]))
        server.machine.endNow(0, RPCError(.deadlineExceeded, "late"))
        server.machine.queueEnd(0, nil)
        #expect(server.outputFrames().map(\.type) == [.data, .end])
    }

    @Test func `calls keep their order, the requests right behind them`() throws {
        var client = MachineDriver(.client)
        #expect(client.feed(try hello()) == nil)
        let sizes = [10, 20_000, 10]
        for size in sizes {
            let slot = client.machine.openStream([0x0A, 0])
            client.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: size)), endsSending: true)
        }
        let frames = client.outputFrames()
        #expect(frames.filter { $0.type == .call }.map(\.header.stream) == [1, 3, 5])
        #expect(frames.filter { $0.header.flags.contains(.endSend) }.map(\.header.stream) == [1, 5, 3])
        #expect(frames.filter { $0.header.stream == 3 && $0.type == .data }.flatMap(\.payload).count == 20_000)
    }

    @Test(arguments: [0, 1, 5000, UInt64.max])
    func `a deadline follows what was encoded once`(milliseconds: UInt64) throws {
        var client = MachineDriver(.client)
        let call = ControlMessage.Call(method: "a/B")
        _ = client.machine.openStream(try call.encodedPayload(), deadlineMilliseconds: milliseconds)
        let sent = try ControlMessage.Call.decode(client.outputFrames()[0].payload)
        #expect(sent == ControlMessage.Call(method: "a/B", deadlineMilliseconds: milliseconds))
    }
}
