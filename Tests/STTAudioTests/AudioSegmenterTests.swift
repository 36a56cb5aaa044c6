import Foundation
import STTAudio
import STTTestKit
import Testing

@Suite struct AudioSegmenterTests {
    /// Noise as loud as asked for, in dBFS RMS.
    static func noise(_ level: Double, seconds: Double, using generator: inout SplitMix) -> [Int16] {
        let amplitude = 3.0.squareRoot() * 32768 * pow(10, level / 20)
        let length = Int(seconds * 16_000)
        return [Int16](unsafeUninitializedCapacity: length) { buffer, count in
            count = length
            guard let samples = buffer.baseAddress else { return }
            // For a build without optimisation: see `SyntheticAudio`.
            var index = 0
            while index < length {
                let value = (generator.nextAmplitude() * amplitude).rounded()
                samples[index] = value > 32767 ? 32767 : value < -32768 ? -32768 : Int16(value)
                index += 1
            }
        }
    }

    static func segment(
        _ samples: [Int16], _ configuration: SegmenterConfiguration = SegmenterConfiguration(), step: Int = 16_000
    ) -> [AudioChunk] {
        var segmenter = AudioSegmenter(configuration: configuration)
        var chunks: [AudioChunk] = []
        var start = 0
        while start < samples.count {
            let end = min(start + step, samples.count)
            chunks += segmenter.push(Array(samples[start..<end]))
            start = end
        }
        return chunks + segmenter.finish()
    }

    private var generator = SplitMix(seed: 42)

    @Test func `nothing, digital silence and faint noise have no chunks`() {
        var generator = generator
        #expect(Self.segment([]).isEmpty)
        #expect(Self.segment([Int16](repeating: 0, count: 60 * 16_000)).isEmpty)
        #expect(Self.segment([Int16](repeating: 1000, count: 16_000)).isEmpty, "a constant is silence")
        #expect(Self.segment(Self.noise(-66, seconds: 60, using: &generator)).isEmpty)
        #expect(Self.segment(Self.noise(-66, seconds: 1, using: &generator)).isEmpty)
    }

    @Test func `a short recording is one chunk with all of it`() {
        var generator = generator
        for seconds in [0.02, 0.3, 2.4, 11, 20, 28.9] {
            let samples = Self.noise(-25, seconds: seconds, using: &generator)
            let chunks = Self.segment(samples)
            #expect(chunks.count == 1)
            let isWhole = chunks.first?.samples == samples
            #expect(isWhole)
            #expect(chunks.first?.endsInForcedCut == false)
            #expect(chunks.first?.activeRatio == 1)
        }
    }

    @Test func `cuts are made in pauses, and then nothing overlaps`() {
        var generator = generator
        var samples: [Int16] = []
        var pauses: [ClosedRange<Int>] = []
        for _ in 0..<40 {
            samples += Self.noise(-20, seconds: Double.random(in: 2...4, using: &generator), using: &generator)
            let start = samples.count
            samples += Self.noise(-70, seconds: 0.5, using: &generator)
            pauses.append(start...samples.count)
        }
        let chunks = Self.segment(samples)
        #expect(chunks.count > 4)
        for chunk in chunks.dropLast() {
            let isForced = chunk.endsInForcedCut
            #expect(!isForced)
            #expect(pauses.contains { $0.contains(chunk.endSample) }, "cut at \(chunk.endSample)")
        }
        for (left, right) in zip(chunks, chunks.dropFirst()) {
            #expect(right.leadInSamples == 0)
            #expect(right.startSample == left.endSample)
        }
        let first = Double(chunks[0].samples.count) / 16_000
        #expect((8...12).contains(first), "the first chunk has \(first) s")
        for chunk in chunks.dropFirst().dropLast() { #expect(chunk.samples.count > 20 * 16_000) }
    }

    @Test func `without a pause the cut is forced, and the next chunk repeats a second and a half`() {
        var generator = generator
        let samples = Self.noise(-20, seconds: 100, using: &generator)
        let chunks = Self.segment(samples)
        #expect(chunks.count == 4)
        for (left, right) in zip(chunks, chunks.dropFirst()) {
            let isForced = left.endsInForcedCut
            #expect(isForced)
            let (start, end, leadIn) = (right.startSample, left.endSample, right.leadInSamples)
            #expect(leadIn == 24_000)
            #expect(start == end - 24_000)
            let count = left.samples.count
            #expect(count <= 29 * 16_000)
        }
        #expect(chunks.last?.endSample == samples.count)
    }

    @Test func `long silence is in no chunk, but its edges are`() {
        var generator = generator
        let speech = Self.noise(-20, seconds: 5, using: &generator)
        let silence = [Int16](repeating: 0, count: 10 * 16_000)
        let samples = silence + speech + silence + speech + silence
        let pieces = [160_000 - 4800..<240_000 + 4800, 400_000 - 4800..<480_000 + 4800]
        for mode in [SegmenterConfiguration.Mode.silence, .fixed] {
            #expect(Self.segment(samples, SegmenterConfiguration(mode: mode)).map(\.pieces) == pieces.map { [$0] })
        }
    }

    @Test func `fixed lengths are kept within a second and a half and prefer pauses`() {
        var generator = generator
        var samples: [Int16] = []
        for _ in 0..<100 {
            samples +=
                Self.noise(-20, seconds: 0.8, using: &generator) + Self.noise(-70, seconds: 0.4, using: &generator)
        }
        let chunks = Self.segment(samples, SegmenterConfiguration(mode: .fixed, targetSeconds: 15))
        for chunk in chunks.dropLast() {
            let isForced = chunk.endsInForcedCut
            #expect(!isForced)
            #expect((13.5...16.5).contains(Double(chunk.samples.count) / 16_000))
        }
        let unbroken = Self.segment(
            Self.noise(-20, seconds: 120, using: &generator), SegmenterConfiguration(mode: .fixed, targetSeconds: 29))
        let areForced = unbroken.dropLast().allSatisfy { $0.samples.count <= 29 * 16_000 && $0.endsInForcedCut }
        #expect(areForced)
    }

    @Test func `the first chunk of continuous sound is not cut short`() {
        var generator = generator
        let chunks = Self.segment(Self.noise(-20, seconds: 60, using: &generator))
        #expect((chunks.first?.samples.count ?? 0) > 24 * 16_000)
    }

    @Test func `music and loud noise rooms stay wholly in`() {
        var generator = generator
        let samples = Self.noise(-40, seconds: 70, using: &generator)
        let chunks = Self.segment(samples)
        #expect(chunks.first?.startSample == 0)
        #expect(chunks.last?.endSample == samples.count)
    }

    @Test func `a configuration is moved into its range`() {
        #expect(SegmenterConfiguration(targetSeconds: 1).targetSeconds == 5)
        #expect(SegmenterConfiguration(targetSeconds: 60).targetSeconds == 29)
        #expect(SegmenterConfiguration(targetSeconds: .nan).targetSeconds == 29)
        #expect(SegmenterConfiguration(longSilenceSeconds: 0).longSilenceSeconds == 1)
    }
}
