import STTTestKit
import Testing

@testable import STTAudio

@Suite struct PCMConverterTests {
    @Test(arguments: [1000, 7350, 8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000])
    func `the length is exact at every rate, however the input is cut up`(rate: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed", seed)
        var generator = SplitMix(seed: seed)
        for _ in 0..<5 {
            let frames = Int.random(in: 1...rate * 2, using: &generator)
            let input = (0..<frames).map { _ in Float.random(in: -0.5...0.5, using: &generator) }
            let whole = try convert(input, rate: rate, pieces: [frames])
            #expect(whole.count == (frames * 16_000 + rate / 2) / rate)
            let first = Int.random(in: 0...frames, using: &generator)
            #expect(try convert(input, rate: rate, pieces: [first, frames - first]) == whole)
        }
    }

    @Test func `a tone above half the output rate does not fold into it`() throws {
        let tone = Synthetic.sine(15_000, seconds: 1, rate: 44_100).map { Float($0) }
        let samples = try convert(tone, rate: 44_100, pieces: [tone.count])
        #expect(Measure.rms(samples[2000..<14_000]) < 0.001)
    }

    @Test(arguments: [100.0, 1000, 5000, 7000])
    func `tones in the band keep their level within a tenth of a decibel`(frequency: Double) throws {
        let tone = Synthetic.sine(frequency, seconds: 1, rate: 44_100).map { Float($0) }
        let samples = try convert(tone, rate: 44_100, pieces: [tone.count])
        #expect(abs(Measure.rms(samples[2000..<14_000]) - 0.35355) < 0.004)
    }

    @Test(arguments: [1, 2, 3, 6, 8, 32]) func `channels are mixed to their mean`(channels: Int) throws {
        var converter = try PCMConverter(sampleRate: 16_000, channels: channels)
        let frame = (0..<channels).map { Float($0) / Float(channels) }
        try converter.append(lanes: Downmix.lanes(of: (0..<100).flatMap { _ in frame }[...], channels: channels))
        try converter.finish()
        let mean = frame.reduce(0, +) / Float(channels)
        #expect(converter.take(1000)[0] == Array(repeating: Quantizer.quantize(mean), count: 100))
    }

    @Test func `what is not a number is silence, and what is too loud is clipped`() throws {
        let values: [Float] = [.nan, .infinity, -.infinity, 1, -1, 1.5, -2, 1e30, -1e30, .signalingNaN, 0]
        let expected: [Int16] = [0, 0, 0, 32767, -32768, 32767, -32768, 32767, -32768, 0, 0]
        #expect(try convert(values, rate: 16_000, pieces: [values.count]) == expected)
        let resampled = try convert(
            values + [Float](repeating: 0, count: 44_100), rate: 44_100, pieces: [values.count + 44_100])
        #expect(resampled.dropFirst(4000).allSatisfy { abs($0) <= 1 })
    }

    @Test func `samples are rounded to the nearest integer`() {
        for value in Int16.min...Int16.max {
            let exact = Float(value) / 32768
            #expect(Quantizer.quantize(exact) == value)
        }
        #expect(Quantizer.quantize(100.4 / 32768) == 100)
        #expect(Quantizer.quantize(100.6 / 32768) == 101)
        #expect(Quantizer.quantize(-100.6 / 32768) == -101)
    }

    private func convert(_ input: [Float], rate: Int, pieces: [Int]) throws -> [Int16] {
        var converter = try PCMConverter(sampleRate: rate, channels: 1)
        var start = 0
        for piece in pieces {
            try converter.append(lanes: Downmix.lanes(of: input[start..<start + piece], channels: 1))
            start += piece
        }
        try converter.finish()
        return converter.take(.max)[0]
    }
}
