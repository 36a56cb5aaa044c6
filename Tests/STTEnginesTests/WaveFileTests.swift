import Testing

@testable import STTEngines

@Suite("A WAV file")
struct WaveFileTests {
    @Test("holds the samples, and silence up to one second")
    func pads() {
        let bytes = WaveFile.encode([1, -2])
        #expect(bytes.count == 44 + 32_000)
        #expect(bytes[40..<44].elementsEqual([0x00, 0x7d, 0, 0]))
        #expect(bytes[44..<50].elementsEqual([1, 0, 0xfe, 0xff, 0, 0]))
        #expect(WaveFile.encode([Int16](repeating: 7, count: 20_000)).count == 44 + 40_000)
    }
}
