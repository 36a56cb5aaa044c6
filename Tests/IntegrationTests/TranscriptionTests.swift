import Foundation
import STTRig
import STTTestKit
import Testing

/// Real speech through the real programs.
@Suite(
    "Transcription", .enabled(if: Recordings.hasSpeech, "whisper.cpp, its model or jfk.wav is not installed"),
    .timeLimit(.minutes(3)))
struct TranscriptionTests {
    @Test("transcribes real speech over TCP, in every format, from one transcript")
    func formats() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await DaemonProcess(
            in: folder, slots: 1, engine: try #require(Recordings.whisper), address: "127.0.0.1:0")
        #expect(daemon.address.hasPrefix("stt://127.0.0.1:"))
        let jfk = try #require(Recordings.jfk)
        let transcribed = try await daemon.client("transcribe", jfk, "--word-timestamps", "--json")
        #expect(transcribed.status == 0, "\(transcribed.errors)")
        let events = try transcribed.objects()
        let partials = events.filter { $0["type"] as? String == "partial" }
        let text = partials.compactMap { $0["text"] as? String }.joined()
        let reference =
            "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
        #expect(WordErrorRate(reference: reference, hypothesis: text).errors == 0, "\(text)")
        let job = try #require(partials.first?["job"] as? String)
        let plain = try await daemon.client("result", job, "--format", "txt")
        #expect(plain.output == text)
        for (format, sign) in [
            ("json", "\"segments\""), ("srt", "00:00:00,"), ("vtt", "WEBVTT"), ("tsv", "start\tend"),
        ] {
            let outcome = try await daemon.client("result", job, "--format", format)
            #expect(outcome.status == 0 && outcome.output.contains(sign), "\(format): \(outcome.errors)")
        }
        let json = try await daemon.client("result", job, "--format", "json")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(document["text"] as? String == text)
        let segments = try #require(document["segments"] as? [[String: Any]])
        let words = segments.flatMap { $0["words"] as? [[String: Any]] ?? [] }
        let starts = words.compactMap { $0["start"] as? Double }
        #expect(words.count == 22 && starts == starts.sorted())
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test("a stream from a chunk on gives what comes after it")
    func fromChunk() async throws {
        let folder = try TemporaryFolder()
        let daemon = try await DaemonProcess(in: folder, slots: 2, engine: try #require(Recordings.whisper))
        let jfk = try #require(Recordings.jfk)
        let first = try await daemon.client("transcribe", jfk, "--chunk-seconds", "5", "--json")
        #expect(first.status == 0, "\(first.errors)")
        let texts = try first.objects().compactMap { $0["text"] as? String }
        let job = try #require(try first.objects().compactMap { $0["job"] as? String }.first)
        #expect(texts.count >= 2)
        let rest = try await daemon.client("stream", job, "--from-chunk", "1")
        #expect(rest.output == texts.dropFirst().joined())
        #expect(await daemon.stop() == "exit status 0")
    }
}
