import STTProto
import Testing

@testable import RPCWire

@Suite("Counters of abuse")
struct AbuseTests {
    private func server() throws -> MachineDriver {
        var driver = MachineDriver(.server)
        _ = driver.feed(WireProtocol.preface + (try hello()))
        return driver
    }

    /// Opens and cancels a stream; its handler returns at once.
    private func reset(_ driver: inout MachineDriver, _ index: Int) throws {
        let id = UInt32(2 * index + 1)
        #expect(driver.feed(try frame(.call, stream: id, ControlMessage.Call(method: "a/B"))) == nil)
        #expect(driver.feed(try frame(.cancel, stream: id, ControlMessage.Cancel(code: 1))) == nil)
        driver.machine.handlerReturned(0)
        _ = driver.machine.takeReleased()
    }

    @Test func `more than 200 resets in 30 seconds ask for a GOAWAY`() throws {
        var driver = try server()
        for index in 0..<200 { try reset(&driver, index) }
        #expect(driver.machine.abuse == nil)
        try reset(&driver, 200)
        #expect(driver.machine.abuse?.reason == .abuse)
    }

    @Test func `resets spread over time are no abuse`() throws {
        var driver = try server()
        for index in 0..<1000 {
            driver.now += 200_000_000
            try reset(&driver, index)
        }
        #expect(driver.machine.abuse == nil)
    }

    @Test func `a flood of PINGs is fatal`() throws {
        var driver = try server()
        let ping = frame(.ping, payload: [UInt8](repeating: 0, count: 8))
        for _ in 0..<100 { #expect(driver.feed(ping) == nil) }
        #expect(driver.feed(ping)?.reason == .abuse)
    }

    @Test func `a flood of empty fragments is fatal`() throws {
        var driver = try server()
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
        let empty = frame(.data, flags: .more, stream: 1)
        for _ in 0..<100 { #expect(driver.feed(empty) == nil) }
        #expect(driver.feed(empty)?.reason == .abuse)
    }

    @Test func `empty messages cost credit, so their number is bounded`() throws {
        var driver = try server()
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
        var count = 0
        while driver.feed(frame(.data, stream: 1)) == nil { count += 1 }
        #expect(count == 256 * 1024 / 12)
    }

    @Test func `a refused stream counts as a reset`() throws {
        var driver = try server()
        for index in 0...200 { _ = driver.feed(frame(.call, stream: UInt32(2 * index + 1), payload: [0xFF])) }
        #expect(driver.machine.abuse?.reason == .abuse)
    }

    @Test func `no CALL is accepted after GOAWAY`() throws {
        var driver = try server()
        driver.machine.sendGoAway(.drain, "")
        _ = driver.output()
        #expect(driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B"))) == nil)
        #expect(driver.feed(frame(.data, flags: .endSend, stream: 1, payload: [1])) == nil)
        #expect(driver.machine.streamCount == 0)
        #expect(driver.outputFrames().isEmpty)
    }

    @Test func `frames that bring nothing are counted, unless traffic called for them`() throws {
        let frames: [[UInt8]] = [
            rawFrame(FrameHeader(length: 0, type: 99, flags: .ignorable)),
            frame(.ping, flags: .ack, payload: [UInt8](repeating: 0, count: 8)),
            try frame(.goAway, ControlMessage.GoAway(lastStream: 0)),
            try frame(.cancel, stream: 1, ControlMessage.Cancel(code: 1)),
            try frame(.window, stream: 1, ControlMessage.Window(limit: 1)),
        ]
        for idle in frames {
            var driver = try server()
            _ = driver.feed(frame(.call, stream: 1, payload: [0xFF]))
            let paid = IdleFrames.perCall
            for _ in 0..<1000 + paid { #expect(driver.feed(idle) == nil) }
            #expect(driver.feed(idle)?.reason == .abuse)
        }
    }

    @Test func `a client may answer each message that it gets with a WINDOW`() throws {
        var driver = try server()
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
        for index in 1...5000 {
            driver.machine.queueMessage(0, SharedBytes([1]))
            _ = driver.output()
            #expect(
                driver.feed(try frame(.window, stream: 1, ControlMessage.Window(limit: UInt64(100_000 * index)))) == nil
            )
        }
    }

    @Test func `DATA of a stream that is over is ignored as far as its credit went`() throws {
        var driver = try server()
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B")))
        let data = frame(.data, stream: 1, payload: [UInt8](repeating: 0, count: 1012))
        #expect(driver.feed(data) == nil)
        driver.machine.endNow(0, RPCError(.cancelled, ""))
        driver.machine.handlerReturned(0)
        for _ in 0..<255 { #expect(driver.feed(data) == nil) }
        // The end costs no credit.
        #expect(driver.feed(frame(.data, flags: [.endSend, .noMessage], stream: 1)) == nil)
        #expect(driver.feed(data)?.reason == .flowControl)
    }

    @Test func `a stream that was refused has its first credit`() throws {
        var driver = try server()
        _ = driver.feed(frame(.call, stream: 1, payload: [0xFF]))
        let data = frame(.data, stream: 1, payload: [UInt8](repeating: 0, count: 1012))
        for _ in 0..<256 { #expect(driver.feed(data) == nil) }
        #expect(driver.feed(data)?.reason == .flowControl)
    }

    @Test func `metadata has 128 entries at most`() throws {
        var driver = try server()
        let entries = { Array(repeating: ControlMessage.MetadataEntry(key: "", value: []), count: $0) }
        _ = driver.feed(try frame(.call, stream: 1, ControlMessage.Call(method: "a/B", metadata: entries(128))))
        #expect(driver.machine.streamCount == 1)
        _ = driver.feed(try frame(.call, stream: 3, ControlMessage.Call(method: "a/B", metadata: entries(129))))
        #expect(driver.machine.streamCount == 1)
    }

    @Test func `a CALL of thousands of fields is refused before it is decoded`() throws {
        var driver = try server()
        _ = driver.feed(frame(.call, stream: 1, payload: (0..<1200).map { $0 % 2 == 0 ? 0x1A : 0 }))
        #expect(driver.machine.streamCount == 0)
        let message = driver.outputFrames().last { $0.type == .end }.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(message?.contains("256 fields") == true)
    }

    @Test func `queued output is accounted until it is sent or dropped`() throws {
        var driver = try server()
        for id: UInt32 in [1, 3] {
            _ = driver.feed(try frame(.call, stream: id, ControlMessage.Call(method: "a/B")))
        }
        driver.machine.queueMessage(0, SharedBytes([UInt8](repeating: 0, count: 1000)))
        driver.machine.queueMessage(1, SharedBytes([UInt8](repeating: 0, count: 500_000)))
        #expect(driver.machine.queuedOutputBytes == 501_024)
        _ = driver.output()
        #expect(driver.machine.queuedOutputBytes > 400_000 && driver.machine.queuedOutputBytes < 500_012)
        driver.machine.endNow(1, RPCError(.cancelled, ""))
        #expect(driver.machine.queuedOutputBytes == 0)
    }
}

private func rawFrame(_ header: FrameHeader) -> [UInt8] {
    var bytes: [UInt8] = []
    header.write(to: &bytes)
    return bytes
}
