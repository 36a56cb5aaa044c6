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
}
