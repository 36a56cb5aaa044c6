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
