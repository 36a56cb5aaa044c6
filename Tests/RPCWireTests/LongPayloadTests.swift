import STTProto
import Testing

@testable import RPCWire

@Suite("Long payloads")
struct LongPayloadTests {
    /// Reads what a connection would, payloads of 1,000 bytes and more in parts.
    private func messages(_ bytes: [UInt8], cutting cut: (Int) -> Int) throws -> [[UInt8]] {
        var decoder = FrameDecoder(expectsPreface: false, longPayloadBytes: 1000)
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(cut(rest.count)))
            rest = rest.dropFirst(piece.count)
            try piece.withUnsafeBytes { raw in
                var input = raw
                let count = min(input.count, decoder.payloadLeft)
                if count > 0 {
                    messages[messages.count - 1] += input[..<count]
                    decoder.tookPayload(count)
                    input = UnsafeRawBufferPointer(rebasing: input[count...])
                }
                while let frame = try decoder.next(&input, admit: { _ in }) {
                    messages.append(Array(frame.payload))
                    let expected = frame.payload.count + decoder.payloadLeft
                    #expect(expected == Int(frame.header.length))
                    if decoder.payloadLeft > 0 { #expect(input.isEmpty) }
                }
            }
        }
        let isMidFrame = decoder.isMidFrame
        #expect(!isMidFrame)
        return messages
    }

    @Test(arguments: 0..<100) func `payloads handed on in parts are whole in the end`(_: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let sent = (0..<20).map { _ in
            (0..<Int.random(in: 0...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let bytes = sent.flatMap { frame(.data, stream: 1, payload: $0) }
        let largest = Int.random(in: 1...4000, using: &random)
        let received = try messages(bytes) { _ in Int.random(in: 1...largest, using: &random) }
        #expect(received == sent, "seed \(seed)")
    }

    @Test func `a message in two parts is sent as the same bytes`() throws {
        let audio = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let message = SubmitRequest.audio(audio)
        let parts = try SharedBytes(encoding: message)
        #expect(parts.tail == audio)
        #expect(try parts.bytes == message.encode())
        var driver = MachineDriver(.client)
        _ = driver.feed(try hello(.init(initialWindowBytes: 1 << 20, maxFrameBytes: 64 * 1024)))
        let slot = driver.machine.openStream([])
        _ = driver.output()
        driver.machine.queueMessage(slot, parts)
        #expect(driver.outputFrames().flatMap(\.payload) == (try message.encode()))
        #expect(SubmitRequest.decodeInParts(head: parts.head, tail: audio) == message)
    }
}
