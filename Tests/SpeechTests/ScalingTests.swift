import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// More engines, less time: with engines that only sleep, so that any number of them fits a small machine.
/// `Benchmarks/scaling` measures more of it.
@Suite(
    "Scaling", .enabled(if: Recordings.jfk != nil && FakeWhisperServer.isPossible, "python3 or jfk.wav is missing"),
    .timeLimit(.minutes(3)))
struct ScalingTests {
    @Test("four engines are nearly four times as fast as one, and the partials still come in order")
    func speedUp() async throws {
        var elapsed: [Int: Double] = [:]
        for slots in [1, 4] {
            let folder = try TemporaryFolder()
            let engine = try FakeWhisperServer(in: folder)
            // Seconds of audio a second.
            try engine.behave("pace 15")
            let daemon = try await SpeechDaemon(in: folder, engine: engine.arguments, slots: slots)
            let talk = try folder.write(try Recordings.longSpeech(), to: "talk.wav")
            let options = TranscriptionOptions(language: "en", chunkLength: .seconds(5))
            // Engines start when they are needed.
            _ = try await daemon.transcribe(talk, options)
            let recognised = try await daemon.transcribe(talk, options)
            #expect(recognised.isCompleted)
            #expect(recognised.partials.map(\.chunk) == Array(0..<recognised.partials.count))
            #expect(recognised.partials.count >= 8)
            elapsed[slots] = recognised.elapsed.inSeconds
            #expect(await daemon.stop()?.isSuccess == true)
        }
        let (one, four) = (try #require(elapsed[1]), try #require(elapsed[4]))
        print("one engine: \(one) s, four engines: \(four) s")
        #expect(one / four > 2.8, "\(one) s, \(four) s")
    }
}
