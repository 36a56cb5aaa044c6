import STTAudio
import STTTestKit
import Testing

@Suite struct AudioSegmenterPropertyTests {
    static let configurations = [
        SegmenterConfiguration(), SegmenterConfiguration(targetSeconds: 5), SegmenterConfiguration(targetSeconds: 12.3),
        SegmenterConfiguration(shortFirstChunk: false, longSilenceSeconds: 1.5),
        SegmenterConfiguration(dividesLastChunk: true),
        SegmenterConfiguration(targetSeconds: 20, dividesLastChunk: true),
        SegmenterConfiguration(mode: .fixed, targetSeconds: 10),
        SegmenterConfiguration(mode: .fixed, targetSeconds: 29),
        SegmenterConfiguration(mode: .fixed, targetSeconds: 5),
    ]

    /// A mix of sounds, pauses and long silences on a noise floor.
    private static func recording(using generator: inout SplitMix) -> [Int16] {
        let floors: [Double] = [-90, -70, -55, -40]
        let floor = floors[Int.random(in: 0..<4, using: &generator)]
        var samples: [Int16] = []
        let length = Int.random(in: 1...100, using: &generator) * 16_000
        while samples.count < length {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: samples += [Int16](repeating: 0, count: Int.random(in: 0...100_000, using: &generator))
            case 1:
                samples += AudioSegmenterTests.noise(
                    floor, seconds: Double.random(in: 2...15, using: &generator), using: &generator)
            case 2:
                samples += AudioSegmenterTests.noise(
                    -20, seconds: Double.random(in: 20...40, using: &generator), using: &generator)
            case 3...5:
                samples += AudioSegmenterTests.noise(
                    floor, seconds: Double.random(in: 0.05...1.5, using: &generator), using: &generator)
            default:
                let level = Double.random(in: -50 ... -5, using: &generator)
                samples += AudioSegmenterTests.noise(
                    level, seconds: Double.random(in: 0.02...6, using: &generator), using: &generator)
            }
        }
        return samples
    }

    @Test(arguments: configurations) func `chunks keep every rule on random recordings`(
        configuration: SegmenterConfiguration
    ) {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed", seed)
        var generator = SplitMix(seed: seed)
        for _ in 0..<2 {
            let samples = Self.recording(using: &generator)
            let chunks = AudioSegmenterTests.segment(samples, configuration)
            checkRules(chunks, of: samples, seed: seed)
            checkPushSizes(chunks, of: samples, configuration, using: &generator, seed: seed)
            checkResuming(chunks, of: samples, configuration, using: &generator, seed: seed)
        }
    }

    /// What two runs must agree in, in few words: the samples follow from the positions.
    private func summary(_ chunks: some Sequence<AudioChunk>) -> [String] {
        chunks.map { chunk in
            "\(chunk.index) \(chunk.startSample) \(chunk.endSample) \(chunk.leadInSamples) \(chunk.endsInForcedCut) \(chunk.pieces)"
                + " \(chunk.speechSamples) \(chunk.peakDBFS) \(chunk.samples.hashValue) \(chunk.checkpoint)"
        }
    }

    private func checkRules(_ chunks: [AudioChunk], of samples: [Int16], seed: UInt64) {
        #expect(chunks.map(\.index) == Array(0..<chunks.count), "seed \(seed)")
        var previous: AudioChunk?
        for chunk in chunks {
            let isExact = chunk.pieces.flatMap { samples[$0] } == chunk.samples
            #expect(isExact, "seed \(seed)")
            let count = chunk.samples.count
            #expect(count <= 29 * 16_000, "seed \(seed)")
            #expect(count >= 8000 || chunk.endSample == samples.count, "seed \(seed)")
            #expect(chunk.speechSamples > 0 && chunk.speechSamples <= count, "seed \(seed)")
            #expect(chunk.leadInSamples == 0 || previous?.endsInForcedCut == true, "seed \(seed)")
            if let previous {
                #expect(chunk.startSample >= previous.endSample - chunk.leadInSamples, "seed \(seed)")
                #expect(chunk.endSample > previous.endSample, "seed \(seed)")
            }
            previous = chunk
        }
        // Sound above the highest gate is never left out.
        let covered = chunks.flatMap(\.pieces)
        for frame in 0..<samples.count / 320 {
            let range = frame * 320..<(frame + 1) * 320
            guard Measure.rms(samples[range]) > 0.0059 else { continue }
            let isCovered = covered.contains { $0.contains(range.lowerBound) && $0.contains(range.upperBound - 1) }
            if !isCovered { Issue.record("frame \(frame) is in no chunk, seed \(seed)") }
        }
    }

    private func checkPushSizes(
        _ chunks: [AudioChunk], of samples: [Int16], _ configuration: SegmenterConfiguration,
        using generator: inout SplitMix, seed: UInt64
    ) {
        let expected = summary(chunks)
        #expect(
            summary(AudioSegmenterTests.segment(samples, configuration, step: samples.count)) == expected,
            "seed \(seed)")
        #expect(summary(AudioSegmenterTests.segment(samples, configuration, step: 160_000)) == expected, "seed \(seed)")
        let step = Int.random(in: 1...1000, using: &generator)
        #expect(
            summary(AudioSegmenterTests.segment(samples, configuration, step: step)) == expected,
            "seed \(seed), step \(step)")
    }

    private func checkResuming(
        _ chunks: [AudioChunk], of samples: [Int16], _ configuration: SegmenterConfiguration,
        using generator: inout SplitMix, seed: UInt64
    ) {
        for chunk in chunks where Int.random(in: 0..<3, using: &generator) == 0 {
            let checkpoint = SegmenterCheckpoint(
                nextIndex: chunk.index + 1, endSample: chunk.endSample, endsInForcedCut: chunk.endsInForcedCut)
            #expect(checkpoint == chunk.checkpoint, "seed \(seed)")
            var segmenter = AudioSegmenter(configuration: configuration, resumingAfter: checkpoint)
            let step = Int.random(in: 1000...50_000, using: &generator)
            var rest: [AudioChunk] = []
            var start = checkpoint.resumeSample
            while start < samples.count {
                let end = min(start + step, samples.count)
                rest += segmenter.push(Array(samples[start..<end]))
                start = end
            }
            rest += segmenter.finish()
            #expect(summary(rest) == summary(chunks[(chunk.index + 1)...]), "seed \(seed), after chunk \(chunk.index)")
        }
    }
}
