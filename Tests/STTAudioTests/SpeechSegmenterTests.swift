import STTAudio
import STTTestKit
import Testing

/// Segmenting by a detector's verdicts, with a detector that knows the truth.
@Suite struct SpeechSegmenterTests {
    /// Says that there is speech where these ranges are.
    private func oracle(_ speech: [Range<Int>]) -> (WindowAudio) -> SpeechWindow {
        { window in
            SpeechWindow(
                range: window.range, speech: speech.map { $0.clamped(to: window.range) }.filter { !$0.isEmpty })
        }
    }

    private func recording(_ speech: [Range<Int>], count: Int) -> [Int16] {
        var generator = SplitMix(seed: 9)
        var samples = AudioSegmenterTests.noise(-35, seconds: Double(count) / 16_000, using: &generator)
        for range in speech {
            for index in range.clamped(to: 0..<count) { samples[index] = Int16(clamping: Int(samples[index]) * 8) }
        }
        return samples
    }

    @Test func `a long pause is cut out, and its edges and short pauses are kept`() async throws {
        let speech = [80_000..<160_000, 168_000..<200_000, 248_000..<320_000]
        let samples = recording(speech, count: 480_000)
        let configuration = SegmenterConfiguration(mode: .speech, shortFirstChunk: false)
        let chunks = try await Detector.chunks(samples, configuration, verdict: oracle(speech))
        let chunk = try #require(chunks.first)
        #expect(chunks.count == 1)
        #expect(chunk.pieces == [80_000 - 6400..<206_400, 248_000 - 6400..<326_400])
        let isExact = chunk.samples == chunk.pieces.flatMap { samples[$0] }
        #expect(isExact)
        #expect(chunk.speechSamples == 80_000 + 32_000 + 72_000)
    }

    @Test func `a pause of half a minute ends a chunk`() async throws {
        let configuration = SegmenterConfiguration(mode: .speech, shortFirstChunk: false)
        for (pause, count) in [(40_000, 1), (470_000, 1), (490_000, 2)] {
            let speech = [80_000..<160_000, 160_000 + pause..<220_000 + pause]
            let chunks = try await Detector.chunks(
                recording(speech, count: 800_000), configuration, verdict: oracle(speech))
            #expect(chunks.count == count)
        }
    }

    @Test func `a long last chunk is divided in the middle, if asked for, and no other`() async throws {
        // 20 s and 24 s, with a pause of 0.5 s every 4 s.
        let speech = (0..<10).map { index in
            let start = 16_000 + index * 72_000 + (index < 5 ? 0 : 40_000)
            return start..<start + 64_000
        }
        let samples = recording(speech, count: 800_000)
        var configuration = SegmenterConfiguration(mode: .speech, targetSeconds: 25, shortFirstChunk: false)
        let whole = try await Detector.chunks(samples, configuration, verdict: oracle(speech))
        configuration.dividesLastChunk = true
        let divided = try await Detector.chunks(samples, configuration, verdict: oracle(speech))
        #expect(whole.count == 2)
        #expect(divided.count == 3)
        #expect(divided.first?.endSample == whole.first?.endSample)
        #expect(divided.last?.endSample == whole.last?.endSample)
        let lengths = divided.dropFirst().map(\.samples.count)
        #expect(lengths.allSatisfy { 8 * 16_000...14 * 16_000 ~= $0 }, "\(lengths)")
    }

    @Test func `the first words do not wait for those behind a pause of three seconds`() async throws {
        let speech = [16_000..<96_000, 144_000..<240_000, 288_000..<400_000]
        let chunks = try await Detector.chunks(recording(speech, count: 480_000), verdict: oracle(speech))
        #expect(chunks.map(\.pieces.count) == [1, 2])
        #expect(try #require(chunks.first).endSample < 144_000)
    }

    @Test func `the first chunk is known at the first pause after eight seconds, without waiting for a better one`() {
        let speech = [16_000..<160_000, 168_000..<224_000, 240_000..<640_000]
        let samples = recording(speech, count: 640_000)
        var segmenter = AudioSegmenter(configuration: SegmenterConfiguration(mode: .speech))
        var windows = SpeechWindows(shortAtFirst: true)
        var position = 0
        var chunks: [AudioChunk] = []
        while chunks.isEmpty, position < samples.count {
            let block = Array(samples[position..<position + 160])
            position += block.count
            chunks = segmenter.push(block)
            for window in windows.push([block]) { chunks += segmenter.push(oracle(speech)(window)) }
        }
        // In the middle of the 0.3 s that tell it from a stop; heard to its window's end, and a little further.
        #expect(chunks.first?.endSample == 160_000 + 7 * 320)
        #expect(Double(position) / 16_000 <= 12.3)
    }

    @Test func `short windows at the start cover all of it, and reading that begins later gives the same ones`() {
        let samples = (0..<800_000).map { Int16(truncatingIfNeeded: $0) }
        func windows(from start: Int, step: Int) -> [WindowAudio] {
            var windows = SpeechWindows(startSample: start, shortAtFirst: true)
            var result: [WindowAudio] = []
            for position in stride(from: start, to: samples.count, by: step) {
                result += windows.push([Array(samples[position..<min(position + step, samples.count)])])
            }
            return result + windows.finish()
        }
        let all = windows(from: 0, step: 1_000)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.range.upperBound == $1.range.lowerBound })
        #expect(all.first?.range.lowerBound == 0 && all.last?.range.upperBound == samples.count)
        #expect(all.count { $0.range.lowerBound < 240_000 } > 4)
        #expect(windows(from: 0, step: 70_000) == all)
        for start in [16_000, 100_000, 192_000, 432_000] {
            let rest = windows(from: start, step: 9_999)
            #expect(!rest.isEmpty && rest == Array(all.suffix(rest.count)))
        }
    }

    @Test func `a chunk that spans a minute ends at the next long pause`() async throws {
        let sparse = (0..<30).map { 16_000 + $0 * 160_000..<48_000 + $0 * 160_000 }
        let chunks = try await Detector.chunks(recording(sparse, count: 5_000_000), verdict: oracle(sparse))
        for chunk in chunks { #expect(chunk.endSample - chunk.startSample <= 62 * 16_000) }
        #expect(chunks.reduce(0) { $0 + $1.speechSamples } == 30 * 32_000)
    }

    @Test func `a cut inside of speech is heard by both chunks, also at a short stop`() async throws {
        let speech = [16_000..<800_000]
        var samples = recording(speech, count: 816_000)
        // Where a chunk of 25 s would best end: 0.24 s as soft as the room.
        for index in 380_000..<383_840 { samples[index] /= 8 }
        let configuration = SegmenterConfiguration(mode: .speech, targetSeconds: 25, shortFirstChunk: false)
        let chunks = try await Detector.chunks(samples, configuration, verdict: oracle(speech))
        let first = try #require(chunks.first)
        #expect((380_000...383_840).contains(first.endSample))
        #expect(first.endsInForcedCut)
        #expect(chunks[1].leadInSamples == 24_000)
        #expect(chunks[1].startSample == first.endSample - 24_000)
    }

    @Test func `what the detector cannot say is judged by loudness`() async throws {
        let samples = [Int16](repeating: 0, count: 160_000) + recording([0..<160_000], count: 160_000)
        let chunks = try await Detector.chunks(samples) { SpeechWindow(range: $0.range, speech: nil) }
        #expect(chunks.count == 1)
        #expect(chunks.first?.endSample == 320_000)
    }

    @Test func `noise that the detector calls no speech has no chunks`() async throws {
        let chunks = try await Detector.chunks(recording([0..<900_000], count: 900_000), verdict: oracle([]))
        #expect(chunks.isEmpty)
    }

    @Test func `channels stay together, and a frame counts where one of them has sound`() {
        var generator = SplitMix(seed: 11)
        let sound = AudioSegmenterTests.noise(-20, seconds: 5, using: &generator)
        let silence = [Int16](repeating: 0, count: sound.count)
        let pause = [Int16](repeating: 0, count: 8 * 16_000)
        var segmenter = AudioSegmenter(configuration: SegmenterConfiguration())
        let (left, right) = (sound + silence + pause + sound, silence + sound + pause + silence)
        let chunks = segmenter.push(channels: [left, right]) + segmenter.finish()
        #expect(chunks.map(\.startSample) == [0, 288_000 - 4800])
        #expect(chunks.map(\.endSample) == [164_800, 368_000])
        for chunk in chunks {
            for (channel, samples) in zip(chunk.channels, [left, right]) {
                let isExact = channel == chunk.pieces.flatMap { samples[$0] }
                #expect(isExact)
            }
        }
    }

    @Test(arguments: [
        SegmenterConfiguration(mode: .speech), SegmenterConfiguration(mode: .speech, targetSeconds: 9),
        SegmenterConfiguration(mode: .speech, paddingSeconds: 0.05, splicedPauseSeconds: 0.1),
        SegmenterConfiguration(mode: .speech, shortFirstChunk: false, paddingSeconds: 0.5, splicedPauseSeconds: 3),
    ]) func `no speech is lost, and every split and resumption gives the same chunks`(
        configuration: SegmenterConfiguration
    ) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix(seed: seed)
        for _ in 0..<3 {
            var speech: [Range<Int>] = []
            var position = Int.random(in: 0...60_000, using: &generator)
            let count = Int.random(in: 1...200, using: &generator) * 16_000
            while position < count {
                let longest = Int.random(in: 0..<8, using: &generator) == 0 ? 600_000 : 100_000
                let end = position + Int.random(in: 160...longest, using: &generator)
                speech.append(position..<min(end, count))
                let isLong = Int.random(in: 0..<10, using: &generator) == 0
                position = end + Int.random(in: 160...(isLong ? 700_000 : 40_000), using: &generator)
            }
            let samples = recording(speech, count: count)
            let chunks = try await Detector.chunks(samples, configuration, verdict: oracle(speech))
            check(chunks, of: samples, speech: speech, seed: seed)
            let step = Int.random(in: 500...500_000, using: &generator)
            let split = try await Detector.chunks(samples, configuration, step: step, verdict: oracle(speech))
            #expect(split == chunks, "seed \(seed), step \(step)")
            for chunk in chunks where Int.random(in: 0..<4, using: &generator) == 0 {
                let rest = try await Detector.chunks(
                    samples, configuration, from: chunk.checkpoint, step: step, verdict: oracle(speech))
                #expect(rest == Array(chunks[(chunk.index + 1)...]), "seed \(seed), after \(chunk.index)")
            }
        }
    }

    private func check(_ chunks: [AudioChunk], of samples: [Int16], speech: [Range<Int>], seed: UInt64) {
        #expect(chunks.map(\.index) == Array(0..<chunks.count), "seed \(seed)")
        var covered: [Range<Int>] = []
        for chunk in chunks {
            #expect(chunk.samples.count <= 29 * 16_000, "seed \(seed)")
            #expect(
                chunk.startSample == chunk.pieces.first?.lowerBound && chunk.endSample == chunk.pieces.last?.upperBound)
            let isExact = chunk.samples == chunk.pieces.flatMap { samples[$0] }
            #expect(isExact, "seed \(seed), chunk \(chunk.index)")
            for (left, right) in zip(chunk.pieces, chunk.pieces.dropFirst()) {
                #expect(left.upperBound < right.lowerBound, "seed \(seed)")
            }
            covered += chunk.pieces
        }
        for range in speech {
            var position = range.lowerBound
            for piece in covered where piece.contains(position) { position = piece.upperBound }
            if position < range.upperBound { Issue.record("speech at \(position) is in no chunk, seed \(seed)") }
        }
    }
}
