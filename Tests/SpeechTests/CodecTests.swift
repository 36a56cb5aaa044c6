import Foundation
import STTAudio
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// Every container and codec that the system's tools can make of one recording.
@Suite("Codecs", .timeLimit(.minutes(5)))
struct CodecTests {
    static let words =
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

    @Test(
        "the decoded sound is the original, in its place and as loud",
        .enabled(if: Recordings.jfk != nil && SoundTools.isThere, SoundTools.missing), arguments: Encoding.all)
    func decoded(encoding: Encoding) async throws {
        let folder = try TemporaryFolder()
        let jfk = try #require(Recordings.jfk)
        let original = try await Samples.read(jfk)
        let decoded = try await Samples.read(try await encoding.make(from: jfk, in: folder))
        let missing = Double(original.count - decoded.count) / 16_000
        #expect(abs(missing) <= encoding.slack, "\(missing) s are missing")
        let likeness = Likeness(decoded, to: original)
        #expect(likeness.correlation >= encoding.correlation, "\(likeness)")
        #expect(abs(likeness.delay) <= encoding.delay * 16, "\(likeness)")
        #expect(abs(likeness.gain) < (encoding.correlation < 0.9 ? 4 : 1), "\(likeness)")
    }

    @Test(
        "a hole in the timestamps is as long as it was",
        .enabled(if: Recordings.jfk != nil && SoundTools.isThere, SoundTools.missing), arguments: ["webm", "mkv"])
    func hole(suffix: String) async throws {
        let folder = try TemporaryFolder()
        let jfk = try #require(Recordings.jfk)
        let hole = Encoding(
            file: "hole." + suffix, tool: .ffmpeg(["-af", "aselect=not(between(t\\,1\\,3))", "-c:a", "libopus"]))
        let original = try await Samples.read(jfk)
        let decoded = try await Samples.read(try await hole.make(from: jfk, in: folder))
        #expect(abs(decoded.count - original.count) < 3200)
        #expect(abs(Likeness(decoded, to: original).delay) < 400)
    }

    @Test(
        "the words are right whatever they are stored in",
        .enabled(if: Recordings.hasSpeech && SoundTools.isThere, "whisper.cpp, jfk.wav or a tool is not installed"))
    func words() async throws {
        let folder = try TemporaryFolder()
        let jfk = try #require(Recordings.jfk)
        let daemon = try await SpeechDaemon(in: folder, engine: try #require(Recordings.whisper))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for encoding in Encoding.all {
                guard let allowed = encoding.wrongWords else { continue }
                group.addTask {
                    let path = try await encoding.make(from: jfk, in: folder)
                    let recognised = try await daemon.transcribe(path)
                    #expect(recognised.isCompleted, "\(encoding.file): \(recognised.status)")
                    let rate = WordErrorRate(reference: Self.words, hypothesis: recognised.text)
                    #expect(rate.errors <= allowed, "\(encoding.file): \(rate): \(recognised.text)")
                }
            }
            try await group.waitForAll()
        }
        #expect(await daemon.stop()?.isSuccess == true)
    }
}
