import STTProto
import Testing

@testable import RPCWire

@Suite("Flow control and the order of output")
struct FlowControlTests {
    /// A client with an open stream and a server's HELLO that offers no more than it must: 64 KiB windows.
    private func client() throws -> MachineDriver {
        var driver = MachineDriver(.client)
        _ = driver.feed(try hello())
        _ = driver.machine.openStream([])
        _ = driver.output()
        return driver
    }

    private func server(_ limits: WireLimits = WireLimits()) throws -> MachineDriver {
        var driver = MachineDriver(.server, limits)
        _ = driver.feed(WireProtocol.preface + (try hello()))
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
        _ = driver.output()
        return driver
    }

    @Test func `a sender stops at its credit, header bytes counted, and goes on with more`() throws {
        var driver = try client()
        let slot = 0
        driver.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: 100_000)), endsSending: true)
        let first = driver.outputFrames()
        #expect(first.reduce(0) { $0 + $1.payload.count + 12 } == 64 * 1024)
        #expect(first.allSatisfy { $0.header.flags == .more })
        #expect(driver.outputFrames().isEmpty)
        _ = driver.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: 1 << 20)))
        let second = driver.outputFrames()
        #expect((first + second).reduce(0) { $0 + $1.payload.count } == 100_000)
        #expect(second.last?.header.flags == .endSend)
    }

    @Test func `a repeated or lower limit changes nothing`() throws {
        var driver = try client()
        let slot = 0
        driver.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: 100_000)))
        _ = driver.output()
        for limit: UInt64 in [0, 1, 64 * 1024] {
            #expect(driver.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: limit))) == nil)
            #expect(driver.outputFrames().isEmpty)
        }
    }

    @Test func `the largest limit overflows nothing`() throws {
        var driver = try client()
        let slot = 0
        #expect(driver.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: .max))) == nil)
        driver.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: 1_000_000)))
        #expect(driver.outputFrames().reduce(0) { $0 + $1.payload.count } == 1_000_000)
    }

    @Test func `DATA beyond the credit is fatal`() throws {
        var limits = WireLimits()
        limits.initialWindowBytes = 64 * 1024
        limits.maxFrameBytes = 64 * 1024
        var driver = try server(limits)
        #expect(driver.feed(frame(.data, stream: 1, payload: [UInt8](repeating: 0, count: 65_000))) == nil)
        let error = driver.feed(frame(.data, stream: 1, payload: [UInt8](repeating: 0, count: 1000)))
        #expect(error?.reason == .flowControl)
    }

    @Test func `credit comes back when a message is used up`() throws {
        var driver = try server()
        let payload = [UInt8](repeating: 0, count: 50_000)
        for _ in 0..<4 { #expect(driver.feed(frame(.data, stream: 1, payload: payload)) == nil) }
        #expect(driver.outputFrames().isEmpty)
        for _ in 0..<3 { driver.machine.consumed(0, flow: 50_012) }
        let frames = driver.outputFrames()
        #expect(frames.map(\.type) == [.window])
        #expect(try ControlMessage.Window.decode(frames[0].payload).limit == 256 * 1024 + 150_036)
    }

    @Test func `a message in assembly earns credit up to the message limit`() throws {
        var driver = try server()
        let fragment = [UInt8](repeating: 0, count: 60_000)
        var sent = 0
        while sent + fragment.count <= 4 * 1024 * 1024 {
            #expect(driver.feed(frame(.data, flags: .more, stream: 1, payload: fragment)) == nil)
            sent += fragment.count
        }
        _ = driver.feed(frame(.data, flags: .more, stream: 1, payload: fragment))
        #expect(driver.events.last == .messageTooLarge(slot: 0))
    }

    @Test func `streams take turns, one frame each`() throws {
        var driver = MachineDriver(.client)
        _ = driver.feed(try hello(.init(initialWindowBytes: 1 << 20)))
        let slots = (0..<3).map { _ in driver.machine.openStream([]) }
        _ = driver.output()
        for slot in slots {
            driver.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: 48 * 1024)))
        }
        #expect(driver.outputFrames().map(\.header.stream) == [1, 3, 5, 1, 3, 5, 1, 3, 5])
    }

    @Test func `control frames overtake queued DATA`() throws {
        var driver = try client()
        let slot = 0
        driver.machine.queueMessage(slot, SharedBytes([UInt8](repeating: 1, count: 30_000)))
        _ = driver.feed(frame(.ping, payload: [UInt8](repeating: 9, count: 8)))
        #expect(driver.outputFrames().first?.type == .ping)
    }

    @Test func `END follows the messages before it, and waits for their credit`() throws {
        var driver = try server()
        driver.machine.queueMessage(0, SharedBytes([UInt8](repeating: 1, count: 100_000)))
        driver.machine.queueEnd(0, nil)
        driver.machine.handlerReturned(0)
        #expect(driver.outputFrames().allSatisfy { $0.type == .data })
        #expect(driver.machine.streamCount == 1)
        _ = driver.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: 1 << 20)))
        #expect(driver.outputFrames().last?.type == .end)
        #expect(driver.machine.streamCount == 0)
    }

    @Test func `a cancelled call keeps its slot until its handler returns`() throws {
        var driver = try server()
        _ = driver.feed(try frame(.cancel, stream: 1, ControlMessage.Cancel(code: 1)))
        #expect(driver.machine.streamCount == 1)
        driver.machine.handlerReturned(0)
        #expect(driver.machine.streamCount == 0)
    }

    @Test func `a freed slot serves a new stream without a trace of the old one`() throws {
        var driver = MachineDriver(.client)
        _ = driver.feed(try hello())
        let first = driver.machine.openStream([])
        driver.machine.queueMessage(first, SharedBytes([UInt8](repeating: 1, count: 30_000)))
        driver.machine.cancel(first, .cancelled)
        #expect(driver.machine.takeReleased() == [first])
        let second = driver.machine.openStream([])
        #expect(second == first)
        driver.machine.queueMessage(second, SharedBytes([2]))
        let data = driver.outputFrames().filter { $0.type == .data }
        #expect(data.map(\.payload) == [[2]])
    }

    @Test func `what the streams of a connection hold together is bounded`() throws {
        var limits = WireLimits()
        limits.initialWindowBytes = 64 * 1024
        limits.maxHeldBytes = 512 * 1024
        var driver = try server(limits)
        var refused: Set<UInt32> = []
        let fragment = [UInt8](repeating: 1, count: 16_000)
        for stream in stride(from: UInt32(3), through: 31, by: 2) {
            _ = driver.feed(try frame(.call, stream: stream, ControlMessage.Call(method: "a/B")))
        }
        // Sixteen messages that go on and on, sent as fast as the credit allows.
        for _ in 0..<10 {
            for stream in stride(from: UInt32(1), through: 31, by: 2) where !refused.contains(stream) {
                let state = driver.machine.streams[Int(stream / 2)]
                let part = fragment.prefix(Int(state.advertisedLimit - state.received) - FrameHeader.byteCount)
                #expect(driver.feed(frame(.data, flags: .more, stream: stream, payload: Array(part))) == nil)
                guard case .tooMuchHeld(let slot) = driver.events.last else { continue }
                refused.insert(stream)
                driver.machine.endNow(slot, RPCError(.resourceExhausted, ""))
                driver.machine.handlerReturned(slot)
                #expect(driver.machine.heldBytes <= UInt64(limits.maxHeldBytes))
            }
        }
        #expect(!refused.isEmpty && refused.count < 16)
        for stream in stride(from: UInt32(1), through: 31, by: 2) where !refused.contains(stream) {
            #expect(driver.feed(frame(.data, flags: .endSend, stream: stream, payload: [1])) == nil)
            guard case .data(let slot, true, _, _, let flow) = driver.events.last else {
                Issue.record("the message of stream \(stream) is not complete")
                continue
            }
            driver.machine.consumed(slot, flow: flow)
        }
        #expect(driver.machine.heldBytes == 0)
    }

    @Test func `a request that its call keeps earns no credit and counts until the handler has returned`() throws {
        var limits = WireLimits()
        limits.initialWindowBytes = 64 * 1024
        var driver = try server(limits)
        let fragment = [UInt8](repeating: 1, count: 16_000)
        for _ in 0..<9 { #expect(driver.feed(frame(.data, flags: .more, stream: 1, payload: fragment)) == nil) }
        #expect(driver.feed(frame(.data, flags: .endSend, stream: 1, payload: fragment)) == nil)
        let held = driver.machine.heldBytes
        #expect(held >= 96_000)
        driver.machine.consumed(0, flow: 160_120, isRetained: true)
        #expect(driver.machine.heldBytes == held)
        driver.machine.queueEnd(0, nil)
        _ = driver.output()
        #expect(driver.machine.heldBytes == 0)
    }
}
