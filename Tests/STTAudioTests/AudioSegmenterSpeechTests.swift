import Foundation
import STTAudio
import STTTestKit
import Testing

@Suite(.enabled(if: Speech.isThere)) struct AudioSegmenterSpeechTests {
    @Test func `natural speech is cut in its pauses`() async throws {
        let speech = try await Speech.all()
        let samples = speech + speech + speech
        let chunks = AudioSegmenterTests.segment(samples)
        let average = Measure.rms(samples)
        for chunk in chunks.dropLast() {
            let isForced = chunk.endsInForcedCut
            #expect(!isForced, "\(chunk.index)")
            let around = samples[max(0, chunk.endSample - 1600)..<min(samples.count, chunk.endSample + 1600)]
            let level = Measure.rms(around)
            #expect(level < average / 10, "cut at \(Double(chunk.endSample) / 16_000) s")
        }
        #expect((8...12).contains(Double(chunks[0].samples.count) / 16_000))
    }

    @Test(arguments: [-20.0, -35, -45]) func `quiet speech over faint noise loses nothing audible`(level: Double)
        async throws
    {
        let speech = try await Speech.all()
        let gain = pow(10, level / 20) / Measure.rms(speech)
        var generator = SplitMix(seed: 3)
        let noise = AudioSegmenterTests.noise(-66, seconds: Double(speech.count) / 16_000, using: &generator)
        let quiet = zip(speech, noise).map { Int16(clamping: Int((Double($0) * gain).rounded()) + Int($1)) }
        let pause = AudioSegmenterTests.noise(-66, seconds: 10, using: &generator)
        let samples = pause + quiet + pause
        let chunks = AudioSegmenterTests.segment(samples)

        var energy = (inside: 0.0, total: 0.0)
        var position = 0
        for (index, sample) in speech.enumerated() {
            let at = pause.count + index
            while position < chunks.count, chunks[position].endSample <= at { position += 1 }
            let isInside = position < chunks.count && chunks[position].startSample <= at
            let power = Double(sample) * Double(sample)
            energy.total += power
            if isInside { energy.inside += power }
        }
        #expect(energy.inside / energy.total > 0.9999)
        let kept = chunks.reduce(0) { $0 + $1.samples.count }
        #expect(kept > speech.count * 95 / 100)
        #expect(kept < speech.count + 32_000, "the silence around it is left out")
    }

    @Test func `very quiet speech between digital silence is kept`() async throws {
        let speech = try await readAll(Speech.file)
        let gain = pow(10, -62.0 / 20) / Measure.rms(speech)
        let quiet = speech.map { Int16((Double($0) * gain).rounded()) }
        let silence = [Int16](repeating: 0, count: 10 * 16_000)
        let chunks = AudioSegmenterTests.segment(silence + quiet + silence)
        #expect(chunks.count == 1)
        #expect((chunks.first?.samples.count ?? 0) > speech.count * 95 / 100)
    }
}
