import STTProto
import Testing

@testable import RPCWire

@Suite("Bytes cut anywhere")
struct FragmentationTests {
    /// A client's side of a conversation, with its messages.
    private func conversation(_ random: inout SeededGenerator) throws -> ([UInt8], [[UInt8]]) {
        var bytes = WireProtocol.preface + (try hello())
        var messages: [[UInt8]] = []
        for index in 0..<UInt32.random(in: 1...20, using: &random) {
            let id = 2 * index + 1
            bytes += try frame(.call, stream: id, ControlMessage.Call(method: "a/B"))
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let message = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: id), count: Int.random(in: 0...3000, using: &random))
                messages.append(message)
                var rest = message[...]
                while rest.count > 700 {
                    bytes += frame(.data, flags: .more, stream: id, payload: Array(rest.prefix(700)))
                    rest = rest.dropFirst(700)
                }
                bytes += frame(.data, stream: id, payload: Array(rest))
            }
            bytes += frame(.data, flags: [.endSend, .noMessage], stream: id)
            bytes += frame(.ping, payload: [UInt8](repeating: 1, count: 8))
        }
        return (bytes, messages)
    }

    @Test(arguments: 0..<50) func `cutting the stream of bytes anywhere changes nothing`(_: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let (bytes, messages) = try conversation(&random)
        var whole = MachineDriver(.server)
        #expect(whole.feed(bytes) == nil)
        var cut = MachineDriver(.server)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...max(1, Bool.random(using: &random) ? 5 : 2000), using: &random)
            #expect(cut.feed(Array(rest.prefix(count))) == nil, "seed \(seed)")
            rest = rest.dropFirst(count)
        }
        #expect(cut.events == whole.events, "seed \(seed)")
        #expect(cut.messages == messages, "seed \(seed)")
        #expect(cut.output() == whole.output(), "seed \(seed)")
        let isMidFrame = cut.decoder.isMidFrame
        #expect(!isMidFrame, "seed \(seed)")
    }

    @Test(arguments: 0..<200) func `random bytes after a HELLO never crash`(_: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        for role in [ConnectionStateMachine.Role.server, .client] {
            var driver = MachineDriver(role)
            _ = driver.feed((role == .server ? WireProtocol.preface : []) + (try hello()))
            if role == .client { _ = driver.machine.openStream([]) }
            for _ in 0..<50 {
                let header = FrameHeader(
                    length: Int.random(in: 0...40, using: &random), type: .random(in: 0...9, using: &random),
                    flags: FrameFlags(rawValue: .random(in: 0...7, using: &random)),
                    stream: .random(in: 0...5, using: &random))
                let payload = (0..<header.length).map { _ in UInt8.random(in: 0...255, using: &random) }
                if driver.feed(rawFrame(header, payload)) != nil { break }
                _ = driver.output()
            }
        }
    }
}

/// SplitMix64. Source: <https://prng.di.unimi.it/splitmix64.c>
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
