import Foundation
import STTAudio
import STTTestKit
import Testing

@Suite struct SpeechDetectorTests {
    private let folder = TemporaryFolder()
    private let sound = [Int16](repeating: 1000, count: 32_000)

    @Test func `its answer is read as samples`() async throws {
        let script = """
            cat > /dev/null
            printf '\\nDetected 2 speech segments:\\nSpeech segment 0: start = 12.00, end = 50.00\\n'
            printf 'Speech segment 1: start = 80.00, end = 120.00\\n\\n'
            """
        let (program, model) = try Detector.fake(folder, script)
        let detector = try SpeechDetector(program: program, model: model)
        #expect(try await detector.speech(in: sound) == [1920..<8000, 12_800..<19_200])
        let window = WindowAudio(range: 100_000..<116_000, startSample: 96_000, channels: [sound, sound])
        let verdict = try await detector.verdict(on: window)
        #expect(verdict == SpeechWindow(range: 100_000..<116_000, speech: [100_000..<104_000, 108_800..<115_200]))
    }

    @Test func `it also hears soft passages raised, and says what it hears in either`() async throws {
        let script = """
            cat > \(folder("input"))
            if [ -e \(folder("first")) ]; then
                mv \(folder("input")) \(folder("second"))
                printf 'Detected 1 speech segments:\\nSpeech segment 0: start = 40.00, end = 90.00\\n'
            else
                mv \(folder("input")) \(folder("first"))
                printf 'Detected 1 speech segments:\\nSpeech segment 0: start = 0.00, end = 50.00\\n'
            fi
            """
        let (program, model) = try Detector.fake(folder, script)
        let detector = try SpeechDetector(program: program, model: model)
        // Syllables of a loud voice, a pause, those of a soft one.
        let syllable = (0..<2_000).map { Int16($0 % 50 * 300) } + (0..<2_000).map { Int16($0 % 50) }
        let loud = (0..<8).flatMap { _ in syllable }
        let pause = [Int16](repeating: 0, count: 8_000)
        #expect(try await detector.speech(in: loud + pause) == [0..<8_000])
        try FileManager.default.removeItem(atPath: folder("first"))
        #expect(try await detector.speech(in: loud + pause + loud.map { $0 / 100 }) == [0..<14_400])
        let (first, second) = (try await readAll(folder("first")), try await readAll(folder("second")))
        #expect(Array(first.prefix(40_000)) == loud + pause && Array(second.prefix(40_000)) == loud + pause)
        #expect((first.max() ?? 0, first.suffix(32_000).max() ?? 0) == (14_700, 147))
        #expect(second.suffix(32_000).max() ?? 0 > 3_000)
    }

    @Test(arguments: [
        "exit 3", "kill -9 $$", "echo nonsense", "true", "printf 'Detected 2 speech segments:\\n'",
        "printf 'Detected 1 speech segments:\\nSpeech segment 0: start = x, end = 5\\n'",
        "printf 'Detected 1 speech segments:\\nSpeech segment 0: start = 7, end = 5\\n'",
        "head -c 9000000 /dev/zero",
    ])
    func `a crash and nonsense are errors`(script: String) async throws {
        let (program, model) = try Detector.fake(folder, script)
        let detector = try SpeechDetector(program: program, model: model)
        await #expect { try await detector.speech(in: sound) } throws: {
            ($0 as? SpeechDetectionError)?.code == .failed
        }
    }

    @Test func `a program that hangs is ended`() async throws {
        let (program, model) = try Detector.fake(folder, "exec sleep 600")
        let detector = try SpeechDetector(program: program, model: model, timeLimit: .milliseconds(200))
        await #expect { try await detector.speech(in: sound) } throws: {
            ($0 as? SpeechDetectionError)?.code == .failed
        }
    }

    @Test func `a missing program or model is told by the name of its setting`() throws {
        let (program, model) = try Detector.fake(folder, "true")
        func message(_ program: String?, _ model: String?) -> String {
            do {
                _ = try SpeechDetector(program: program, model: model)
                return ""
            } catch {
                return error.code == .notInstalled ? error.message : "wrong code"
            }
        }
        #expect(message(program, model).isEmpty)
        #expect(message(program, nil).contains("STT_VAD_MODEL"))
        #expect(message(program, folder("none")).contains("STT_VAD_MODEL"))
        #expect(message(folder("none"), model).contains("STT_WHISPER_VAD"))
    }

    @Test func `digital silence is not worth a process`() async throws {
        let (program, model) = try Detector.fake(folder, "exit 1")
        let detector = try SpeechDetector(program: program, model: model)
        #expect(try await detector.speech(in: [Int16](repeating: 0, count: 16_000)).isEmpty)
        #expect(try await detector.speech(in: []).isEmpty)
    }
}

/// The real program on real sound.
@Suite(.enabled(if: Detector.isThere && Speech.isThere)) struct RealSpeechDetectorTests {
    private func chunks(_ samples: [Int16]) async throws -> [AudioChunk] {
        let detector = try Detector.real()
        return try await Detector.chunks(samples) { try await detector.verdict(on: $0) }
    }

    @Test func `noise and silence have no chunks, and a melody at most a syllable`() async throws {
        var generator = SplitMix(seed: 5)
        let noise = AudioSegmenterTests.noise(-20, seconds: 50, using: &generator)
        var melody: [Int16] = []
        for note in 0..<60 {
            let low = 220 * pow(2, Double(note * 7 % 12) / 12)
            let high = 440 * pow(2, Double(note * 5 % 12) / 12)
            let tones = (
                Synthetic.sine(low, seconds: 0.8, amplitude: 0.2), Synthetic.sine(high, seconds: 0.8, amplitude: 0.15)
            )
            melody += Synthetic.quantized(zip(tones.0, tones.1).map { $0 + $1 })
        }
        #expect(try await chunks(noise).isEmpty)
        #expect(try await chunks([Int16](repeating: 0, count: 100 * 16_000)).isEmpty)
        // The detector takes the very first tone for a voice.
        #expect(try await chunks(melody).reduce(0) { $0 + $1.speechSamples } <= 8000)
    }

    @Test func `speech is kept whole, however quiet, and what is around it left out`() async throws {
        let speech = try await Speech.all()
        var generator = SplitMix(seed: 6)
        let noise = AudioSegmenterTests.noise(-60, seconds: 40, using: &generator)
        for gain in [1.0, 0.02] {
            let samples = noise + speech.map { Int16((Double($0) * gain).rounded()) } + noise
            let chunks = try await chunks(samples)
            let pieces = chunks.flatMap(\.pieces)
            var energy = (inside: 0.0, total: 0.0)
            var next = 0
            for (index, sample) in speech.enumerated() {
                let at = noise.count + index
                while next < pieces.count, pieces[next].upperBound <= at { next += 1 }
                let power = Double(sample) * Double(sample)
                energy.total += power
                if next < pieces.count, pieces[next].contains(at) { energy.inside += power }
            }
            #expect(energy.inside / energy.total > 0.995, "gain \(gain)")
            #expect((pieces.first?.lowerBound ?? 0) > noise.count - 16_000)
            #expect((pieces.last?.upperBound ?? .max) < noise.count + speech.count + 16_000)
        }
    }

    @Test func `it says the same wherever reading began`() async throws {
        let speech = try await Speech.all()
        let samples = speech + speech + speech
        let detector = try Detector.real()
        let all = try await Detector.chunks(samples) { try await detector.verdict(on: $0) }
        for chunk in all.dropLast() {
            let rest = try await Detector.chunks(samples, from: chunk.checkpoint, step: 7001) {
                try await detector.verdict(on: $0)
            }
            #expect(rest == Array(all[(chunk.index + 1)...]))
        }
    }
}
