import Foundation
import STTCore
import Testing

@Suite struct RendererTests {
    @Test(arguments: TranscriptFormat.allCases)
    func `A format renders the same bytes whatever the pieces of the stored document`(format: TranscriptFormat) throws {
        let stored = StoredTranscript.varied
        let whole = try stored.rendered(format)
        #expect(!whole.isEmpty)
        for size in [1, 13, 500] { #expect(try stored.rendered(format, pieceSize: size) == whole) }
    }

    @Test func `Text is the concatenation of the chunks' texts, byte for byte`() throws {
        let stored = StoredTranscript.varied
        #expect(try stored.rendered(.txt) == stored.chunks.flatMap { Array($0.merged.text.utf8) })
    }

    @Test func `A table has a row for each segment`() throws {
        let rows = try StoredTranscript([
            MergedChunk(
                index: 0, startMilliseconds: 0, endMilliseconds: 9_000,
                segments: [segment(0, 1_500, "a\tb"), segment(1_500, 9_000, "c")], gaps: [])
        ]).text(.tsv)
        #expect(rows == "start\tend\ttext\n0\t1500\ta b\n1500\t9000\tc\n")
    }

    @Test func `Formats name their files and media types`() {
        #expect(TranscriptFormat.allCases.map(\.fileExtension) == ["json", "txt", "srt", "vtt", "tsv", "lrc"])
        #expect(TranscriptFormat.vtt.mimeType.hasPrefix("text/vtt"))
        #expect(Set(TranscriptFormat.allCases.map(\.mimeType)).count == 6)
    }

    @Test func `Nothing but gaps, and nothing at all, are documents too`() throws {
        let empty = StoredTranscript([])
        #expect(try empty.text(.txt).isEmpty)
        #expect(try empty.text(.srt).isEmpty)
        #expect(try empty.text(.vtt) == "WEBVTT\n\n")
        #expect(try empty.text(.tsv) == "start\tend\ttext\n")
        let gaps = StoredTranscript([
            MergedChunk(index: 0, startMilliseconds: 0, endMilliseconds: 9_000, segments: [], gaps: [gap(0, 9_000)])
        ])
        #expect(try gaps.text(.txt).isEmpty)
        #expect(try gaps.text(.srt) == "1\n00:00:00,000 --> 00:00:09,000\n[no transcript: engine.crashed]\n\n")
        #expect(
            try gaps.text(.vtt)
                == "WEBVTT\n\nNOTE no transcript from 00:00:00.000 to 00:00:09.000: engine.crashed: The engine crashed.\n\n"
        )
        for stored in [empty, gaps] {
            let object = try JSONSerialization.jsonObject(with: Data(try stored.rendered(.json))) as? [String: Any]
            #expect(object?["text"] as? String == "")
            #expect((object?["segments"] as? [Any])?.isEmpty == true)
            #expect((object?["gaps"] as? [Any])?.count == stored.chunks.count)
        }
    }
}

@Suite struct JSONRendererTests {
    struct Document: Decodable {
        struct Word: Decodable {
            var start: Double
            var end: Double
            var word: String
            var probability: Double
        }
        struct Segment: Decodable {
            var id: Int
            var start: Double
            var end: Double
            var text: String
            var avg_logprob: Double
            var no_speech_prob: Double
            var channel: Int?
            var flags: [String]?
            var words: [Word]?
        }
        struct Gap: Decodable {
            var start: Double
            var end: Double
            var code: String
            var message: String
        }
        struct Guard: Decodable, Equatable {
            var start: Double
            var end: Double
            var kind: String
            var detail: String
        }
        struct Chunk: Decodable {
            var index: Int
            var start: Double
            var end: Double
            var engine_ms: Int
            var attempts: Int
        }
        var schema_version: Int
        var job_id: String
        var filename: String
        var task: String
        var language: String?
        var duration: Double
        var text: String
        var segments: [Segment]
        var gaps: [Gap]
        var guards: [Guard]
        var chunks: [Chunk]
    }

    private func document(_ stored: StoredTranscript) throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(try stored.rendered(.json)))
    }

    @Test func `The object holds the whole transcript`() throws {
        let stored = StoredTranscript.varied
        let document = try document(stored)
        #expect(document.schema_version == 1)
        #expect(document.job_id == stored.header.job.description)
        #expect(document.language == "en" && document.task == "transcribe" && document.duration == 30)
        #expect(Array(document.text.utf8) == (try stored.rendered(.txt)))
        let segments = stored.chunks.flatMap(\.merged.segments)
        #expect(document.segments.map(\.text) == segments.map(\.text))
        #expect(document.segments.map(\.id) == Array(0..<5))
        #expect(document.segments.map(\.start) == segments.map { Double($0.startMilliseconds) / 1000 })
        #expect(document.segments[0].words?.map(\.word) == segments[0].words.map(\.text))
        #expect(document.segments[0].avg_logprob == -0.25)
        #expect(document.gaps.map(\.code) == ["engine.crashed"])
        #expect(document.gaps.map(\.message) == ["It --> crashed \"twice\"."])
        #expect(document.chunks.map(\.engine_ms) == [900, 901, 902])
    }

    @Test func `Channels, flags and guards are shown where there are any`() throws {
        let call = try document(.call)
        #expect(call.segments.map(\.channel) == [1, 2])
        #expect(call.segments.map(\.flags) == [nil, ["low_probability"]])
        #expect(call.gaps.isEmpty)
        #expect(
            call.guards == [
                Document.Guard(start: 9, end: 12, kind: "dropped_no_speech", detail: "\"You\""),
                Document.Guard(start: 20, end: 30, kind: "retried_temperature", detail: "repetition"),
                Document.Guard(start: 20, end: 30, kind: "collapsed_loop", detail: ""),
            ])
        #expect(call.chunks.map(\.index) == [0, 1])
        let plain = try StoredTranscript.varied.text(.json)
        #expect(plain.contains("\"guards\":[],\n"))
        #expect(!plain.contains("\"channel\"") && !plain.contains("\"flags\""))
    }

    @Test func `Words are shown where they were asked for`() throws {
        var stored = StoredTranscript.varied
        stored.header.options.wordTimestamps = false
        #expect(try document(stored).segments.allSatisfy { $0.words == nil })
    }

    @Test func `Seconds have three decimals`() throws {
        let text = try StoredTranscript([
            MergedChunk(
                index: 0, startMilliseconds: 0, endMilliseconds: 36_000_005, segments: [segment(7, 36_000_005, "x")])
        ]).text(.json)
        #expect(text.contains("\"start\":0.007,\"end\":36000.005,"))
        #expect(text.contains("\"duration\":36000.005,"))
    }
}
