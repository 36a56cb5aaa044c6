import STTProto
import Testing

@testable import RPCWire

@Suite("Windows that grow")
struct WindowGrowthTests {
    private static let milliseconds: UInt64 = 1_000_000

    private func server(_ limits: WireLimits = WireLimits(), streams: UInt32 = 1) throws -> MachineDriver {
        var driver = MachineDriver(.server, limits)
        driver.now = 1_000_000 * Self.milliseconds
        _ = driver.feed(WireProtocol.preface + (try hello()))
        for index in 0..<streams {
            _ = driver.feed(try frame(.call, stream: 2 * index + 1, ControlMessage.Call(method: "a/B")))
        }
        _ = driver.output()
        return driver
    }

    /// Uses the whole credit of stream 1, which takes `time`, and consumes what came after `roundTrip`.
    private func useUp(_ driver: inout MachineDriver, roundTrip: UInt64) {
        driver.now += roundTrip
        var left = Int(driver.machine.streams[0].advertisedLimit - driver.machine.streams[0].received)
        var flow: UInt64 = 0
        while left > FrameHeader.byteCount {
            let payload = [UInt8](repeating: 0, count: min(left - FrameHeader.byteCount, 64 * 1024))
            #expect(driver.feed(frame(.data, stream: 1, payload: payload)) == nil)
            flow += UInt64(payload.count + FrameHeader.byteCount)
            left -= payload.count + FrameHeader.byteCount
        }
        driver.machine.consumed(0, flow: flow)
        _ = driver.output()
    }

    private func credit(_ driver: borrowing MachineDriver) -> UInt64 {
        driver.machine.streams[0].advertisedLimit - driver.machine.streams[0].consumed
    }

    @Test func `on a long path a window grows to its bound`() throws {
        var driver = try server()
        var credits: [UInt64] = []
        for _ in 0..<8 {
            useUp(&driver, roundTrip: 100 * Self.milliseconds)
            credits.append(credit(driver) / 1024)
        }
        #expect(credits.first == 512)
        #expect(credits.last == 4096)
        #expect(credits == credits.sorted())
    }

    @Test func `what a slow application consumes grows no window`() throws {
        var driver = try server()
        for _ in 0..<8 { useUp(&driver, roundTrip: 2000 * Self.milliseconds) }
        #expect(credit(driver) == 256 * 1024)
    }

    @Test func `on a short path a window stays small, however much flows`() throws {
        var driver = try server()
        // A round trip of 1 ms, once. From then on a window takes 3 ms, which is the application's time.
        useUp(&driver, roundTrip: Self.milliseconds)
        useUp(&driver, roundTrip: Self.milliseconds)
        for _ in 0..<20 { useUp(&driver, roundTrip: 3 * Self.milliseconds) }
        #expect(credit(driver) <= 1024 * 1024)
    }

    @Test func `a window shrinks when its stream has become slow`() throws {
        var driver = try server()
        for _ in 0..<8 { useUp(&driver, roundTrip: 100 * Self.milliseconds) }
        #expect(credit(driver) == 4096 * 1024)
        for _ in 0..<5 { useUp(&driver, roundTrip: 6000 * Self.milliseconds) }
        #expect(credit(driver) == 256 * 1024)
        #expect(driver.machine.grownBytes == 0)
    }

    @Test func `growth ends with the stream and counts as held`() throws {
        var driver = try server()
        for _ in 0..<8 { useUp(&driver, roundTrip: 100 * Self.milliseconds) }
        #expect(driver.machine.heldBytes == UInt64(4096 - 256) * 1024)
        driver.machine.queueEnd(0, nil)
        _ = driver.output()
        #expect(driver.machine.heldBytes == 0)
        #expect(driver.machine.grownBytes == 0)
    }

    /// The bound of docs/PROTOCOL.md §7, by many streams that do all that can make a server hold more.
    @Test(arguments: 0..<30) func `credit, growth and what is retained stay within the connection's bound`(_: Int)
        throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var limits = WireLimits()
        limits.initialWindowBytes = 64 * 1024
        limits.maxWindowBytes = 1024 * 1024
        limits.maxMessageBytes = 512 * 1024
        limits.maxHeldBytes = 2 * 1024 * 1024
        limits.maxResets = .max
        let count: UInt32 = 12
        var driver = try server(limits, streams: count)
        var unread: [Int: [UInt64]] = [:]
        var inbound: [Int: UInt64] = [:]
        var refused = 0
        for _ in 0..<2000 {
            driver.now += UInt64.random(in: 0...20, using: &random) * Self.milliseconds
            let slot = Int.random(in: 0..<Int(count), using: &random)
            guard driver.machine.isOpen(slot) else { continue }
            let state = driver.machine.streams[slot]
            let credit = Int(state.advertisedLimit - state.received) - FrameHeader.byteCount
            if credit > 0, Int.random(in: 0..<4, using: &random) > 0 {
                let payload = [UInt8](repeating: 0, count: min(credit, Int.random(in: 1...65_536, using: &random)))
                let flags: FrameFlags = Int.random(in: 0..<4, using: &random) > 0 ? .more : []
                #expect(driver.feed(frame(.data, flags: flags, stream: state.id, payload: payload)) == nil)
                switch driver.events.last {
                case .data(_, true, _, _, let flow): unread[slot, default: []].append(flow)
                case .tooMuchHeld, .messageTooLarge:
                    refused += 1
                    driver.machine.endNow(slot, RPCError(.resourceExhausted, ""))
                default: break
                }
                inbound[slot] = state.received
            } else if let flow = unread[slot]?.first {
                unread[slot]?.removeFirst()
                driver.machine.consumed(slot, flow: flow, isRetained: Int.random(in: 0..<10, using: &random) == 0)
            }
            for starved in driver.machine.takeStarved() {
                refused += 1
                driver.machine.endNow(starved, RPCError(.resourceExhausted, ""))
            }
            _ = driver.output()
            let open = driver.machine.streams.filter(\.isOpen)
            let promised = open.reduce(UInt64(0)) { $0 + $1.advertisedLimit - $1.consumed + $1.retained }
            let bound = UInt64(count) * UInt64(limits.initialWindowBytes) + UInt64(limits.maxHeldBytes)
            #expect(promised <= bound, "seed \(seed)")
            let grown = driver.machine.grownBytes
            #expect(grown <= limits.maxHeldBytes / 4, "seed \(seed)")
            // Nobody waits for ever: a message in the middle has credit, or something unread that will give it.
            for stream in open where stream.isMidMessage {
                let hasCredit = stream.received + UInt64(FrameHeader.byteCount) < stream.advertisedLimit
                #expect(hasCredit || stream.consumed + stream.assemblingFlow < stream.received, "seed \(seed)")
            }
        }
    }
}
