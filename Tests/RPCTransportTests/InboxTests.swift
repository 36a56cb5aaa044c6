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
        func take(_ inbox: inout Inbox, leastFlow: UInt64) {
            let wasEnough = flow >= leastFlow
            let (runs, taken) = inbox.take(leastFlow: leastFlow)
            for var run in runs {
                while !run.isEmpty { #expect(run.next().bytes == expected.removeFirst()) }
            }
            flow -= taken
            #expect(wasEnough ? taken >= leastFlow : expected.isEmpty)
            // Not more than the last run beyond what was asked for.
            if let last = runs.last { #expect(taken - last.flow < leastFlow) }
        }
        for round in 0..<20_000 {
            if Int.random(in: 0..<(round / 5000 % 2 == 0 ? 3 : 5), using: &generator) < 2 {
                let length = [0, 1, 7, 300, 2048, 2049, 9000].randomElement(using: &generator) ?? 0
                let message = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: length)
                // Some came in several fragments and cost more.
                let cost = UInt64(length + (round % 10 == 0 ? 24 : 12))
                message.withUnsafeBytes { inbox.append($0, flow: cost) }
                expected.append(message)
                flow += cost
            } else {
                take(&inbox, leastFlow: UInt64.random(in: 1..<40_000, using: &generator))
            }
        }
        take(&inbox, leastFlow: .max)
        #expect(expected.isEmpty && flow == 0 && inbox.isEmpty)
    }
}
