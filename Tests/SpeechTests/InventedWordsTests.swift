import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// Where nobody speaks there are no words, and the engine is not asked.
@Suite(
    "Invented words", .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
    .timeLimit(.minutes(5)))
struct InventedWordsTests {
    @Test("noise, music, tones and five minutes of silence give no words")
    func noWords() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        var sounds = Sound.all.map { ($0.name, $0.make) }
        sounds.append(("five minutes of silence", { SyntheticAudio.silence(seconds: 300) }))
        for (name, make) in sounds {
            let path = try folder.write(SyntheticAudio.wav(make()), to: "\(name).wav")
            let recognised = try await daemon.transcribe(path)
            print("\(name): \(recognised.engineSeconds) s of the engine")
            #expect(recognised.isCompleted, "\(name): \(recognised.status)")
            let words = EnglishNormaliser.words(of: recognised.text)
            #expect(words.isEmpty, "\(name): \(recognised.text)")
        }
        #expect(await daemon.stop()?.isSuccess == true)
    }

    /// A voice 35 dB louder has the soft sounds raised for the detector and the engine.
    @Test("noise, music and tones beside a loud voice give no words but its own")
    func besideVoice() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let speech = try await Samples.read(try #require(Recordings.jfk))
        let pause = SyntheticAudio.silence(seconds: 1)
        var samples: [Int16] = []
        var voices: [ClosedRange<Double>] = []
        for sound in Sound.all {
            let start = Double(samples.count) / 16_000
            voices.append(start...start + 12.5)
            samples += pause + speech + pause + sound.make().map { $0 / 60 }
        }
        let path = try folder.write(SyntheticAudio.wav(samples), to: "beside.wav")
        let recognised = try await daemon.transcribe(path)
        #expect(recognised.isCompleted, "\(recognised.status)")
        for segment in recognised.segments {
            let middle = Double(segment.startMilliseconds + segment.endMilliseconds) / 2000
            #expect(voices.contains { $0.contains(middle) }, "at \(middle): \(segment.text)")
        }
        let reference = Array(repeating: CodecTests.words, count: voices.count).joined(separator: " ")
        let rate = WordErrorRate(reference: reference, hypothesis: recognised.text)
        print("beside a voice: \(rate), \(recognised.engineSeconds) s of the engine")
        #expect(await daemon.stop()?.isSuccess == true)
    }

    @Test("speech in the middle of five minutes of silence gives its words, at their time")
    func rareSpeech() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let speech = try await Samples.read(try #require(Recordings.jfk))
        let offset = 137.25
        let samples =
            SyntheticAudio.silence(seconds: offset) + speech + SyntheticAudio.silence(seconds: 300 - offset - 11)
        let path = try folder.write(SyntheticAudio.wav(samples), to: "rare.wav")
        let recognised = try await daemon.transcribe(path)
        print("speech in silence: \(recognised.engineSeconds) s of the engine")
        let rate = WordErrorRate(reference: CodecTests.words, hypothesis: recognised.text)
        #expect(rate.errors == 0, "\(rate): \(recognised.text)")
        let start = Double(try #require(recognised.segments.first).startMilliseconds) / 1000
        #expect(start > offset - 0.5 && start < offset + Samples.onset(of: speech) + 0.5, "starts at \(start)")
        let end = Double(try #require(recognised.segments.last).endMilliseconds) / 1000
        #expect(abs(end - offset - 11) < 1.5, "ends at \(end)")
        #expect(await daemon.stop()?.isSuccess == true)
    }
}
