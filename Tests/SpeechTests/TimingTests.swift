import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// When words were spoken, beside when the transcript says they were.
@Suite(
    "Timing", .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
    .timeLimit(.minutes(5)))
struct TimingTests {
    /// `STT_TIMING_SECONDS` asks for more than six minutes.
    private static let seconds = ProcessInfo.processInfo.environment["STT_TIMING_SECONDS"].flatMap(Double.init) ?? 360

    @Test("segments and words start when they are heard, over six minutes with pauses of half a second to 30 s")
    func starts() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        let timeline = try await Timeline(seconds: Self.seconds, seed: 11)
        let path = try folder.write(SyntheticAudio.wav(timeline.samples), to: "timeline.wav")
        let recognised = try await daemon.transcribe(path, .init(language: "en", wordTimestamps: true))
        #expect(recognised.isCompleted)
        let (segments, words) = Self.errors(of: recognised, timeline)
        print("timing of segments: \(segments)\nwords: \(words)\n\(recognised.engineSeconds) s of the engine")

        // A clip that follows another within a second may share its segment, and a first word may be misheard.
        #expect(words.errors.count >= timeline.clips.count * 8 / 10)
        #expect(segments.errors.count >= timeline.clips.count * 7 / 10)
        for errors in [segments, words] {
            #expect(errors.shareWithinHalfASecond >= 0.9, "\(errors)")
            #expect(errors.worst <= 2, "\(errors)")
            #expect(abs(errors.drift) < 0.3, "\(errors)")
        }
        #expect(await daemon.stop()?.isSuccess == true)
    }

    /// Of the segments that begin with a clip, and of the clips' first words.
    private static func errors(of recognised: Recognised, _ timeline: Timeline) -> (TimeErrors, TimeErrors) {
        struct Spoken {
            var text: String
            var start: Double
            /// Where it is the first of its segment.
            var segmentStart: Double?
        }
        let spoken = recognised.segments.flatMap { segment in
            segment.words.flatMap { word in
                EnglishNormaliser.words(of: word.text).map {
                    Spoken(text: $0, start: Double(word.startMilliseconds) / 1000)
                }
            }.enumerated().map { index, word in
                var word = word
                if index == 0 { word.segmentStart = Double(segment.startMilliseconds) / 1000 }
                return word
            }
        }
        var firsts: [Int: Double] = [:]
        var count = 0
        for clip in timeline.clips {
            firsts[count] = clip.onset
            count += clip.words.count
        }
        var (segments, words) = (TimeErrors(), TimeErrors())
        for pair in WordAlignment.matches(timeline.clips.flatMap(\.words), spoken.map(\.text)) {
            guard let truth = firsts[pair.reference] else { continue }
            let word = spoken[pair.recognised]
            words.note(word.start, truth: truth)
            if let start = word.segmentStart { segments.note(start, truth: truth) }
        }
        return (segments, words)
    }
}
