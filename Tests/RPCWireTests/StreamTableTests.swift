import Testing

@testable import RPCWire

@Suite("Where a stream's slot is looked up")
struct StreamTableTests {
    @Test func `it finds what a dictionary finds, whatever is put in and taken out`() {
        for seed in 0..<50 {
            var table = StreamTable()
            var expected: [UInt32: Int] = [:]
            // Few numbers, so that they collide and meet holes; in some rounds far apart, as streams that live long are.
            let stride: UInt32 = seed.isMultiple(of: 2) ? 2 : 64
            for step in 0..<2000 {
                let stream = UInt32.random(in: 0..<60) * stride + 1
                if Bool.random() {
                    table[stream] = step
                    expected[stream] = step
                } else {
                    table[stream] = nil
                    expected[stream] = nil
                }
                let probe = UInt32.random(in: 0..<60) * stride + 1
                #expect(table[probe] == expected[probe])
            }
            for stream in 0...UInt32(60) * stride { #expect(table[stream] == expected[stream]) }
        }
    }

    @Test func `streams that are opened and closed in turn do not make it grow`() {
        var table = StreamTable()
        for index in UInt32(0)..<100_000 {
            table[2 * index + 1] = Int(index % 7)
            if index >= 4 { table[2 * (index - 4) + 1] = nil }
        }
        #expect(table.capacity <= 16)
        #expect(table[199_999] == Int(99_999 % 7))
        #expect(table[199_989] == nil)
    }
}
