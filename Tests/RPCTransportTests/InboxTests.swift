import RPCWire
import Testing

@testable import RPCTransport

@Suite("Inbox")
struct InboxTests {
    @Test func `messages come out as they went in, whatever their lengths`() {
        var generator = SystemRandomNumberGenerator()
        var inbox = Inbox()
        var expected: [[UInt8]] = []
        var flow: UInt64 = 0
        for round in 0..<20_000 {
            if Int.random(in: 0..<(round / 5000 % 2 == 0 ? 3 : 5), using: &generator) < 2 {
                let length = [0, 1, 7, 300, 2048, 2049, 9000].randomElement(using: &generator) ?? 0
                let message = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: length)
                // Some came in several fragments and cost more.
                let cost = UInt64(length + (round % 10 == 0 ? 24 : 12))
                inbox.append(SharedBytes(message), flow: cost)
                expected.append(message)
                flow += cost
            } else if let (bytes, cost) = inbox.popFirst() {
                #expect(bytes.bytes == expected.removeFirst())
                flow -= cost
            } else {
                #expect(expected.isEmpty)
            }
        }
        while let (bytes, cost) = inbox.popFirst() {
            #expect(bytes.bytes == expected.removeFirst())
            flow -= cost
        }
        #expect(expected.isEmpty && flow == 0 && inbox.isEmpty)
    }
}
