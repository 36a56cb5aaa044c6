import Foundation
import STTCore
import Testing

/// What job stores hold as JSON.
@Suite struct StoredValueTests {
    private func decoded<Value: Codable>(_ json: String, as _: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(json.utf8))
    }

    private func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value))
    }

    @Test func `Options and results are the same after they were stored`() throws {
        let options = TranscriptionOptions(
            language: "de", translate: true, prompt: "p", temperature: 0.2, wordTimestamps: true, segmentation: .speech,
            chunkSeconds: 12, retentionSeconds: 60, channels: .separate, model: "base.en", carriesPrompt: true)
        #expect(try roundTrip(options) == options)
        #expect(try roundTrip(TranscriptionOptions()) == TranscriptionOptions())
        let word = TranscriptWord(startMilliseconds: 0, endMilliseconds: 1, text: "w", probability: 0.5)
        let result = ChunkResult(
            segments: [
                TranscriptSegment(
                    startMilliseconds: 0, endMilliseconds: 9, text: "w", avgLogProbability: -1,
                    noSpeechProbability: 0.1,
                    words: [word], channel: 2, flags: SegmentFlag.allCases)
            ],
            gaps: [gap(9, 10)], language: "en", engine: "e", engineMilliseconds: 5,
            guards: GuardNote.Kind.allCases.map {
                GuardNote(kind: $0, startMilliseconds: 1, endMilliseconds: 2, detail: "d")
            })
        #expect(try roundTrip(result) == result)
    }

    @Test func `Options of older versions read with defaults`() throws {
        let old: TranscriptionOptions = try decoded(
            #"{"language":"en","segmentation":"silence","temperature":0.5,"translate":false,"wordTimestamps":true}"#)
        #expect(
            old == TranscriptionOptions(language: "en", temperature: 0.5, wordTimestamps: true, segmentation: .silence))
    }

    @Test func `Results of older versions read with defaults`() throws {
        let old: ChunkResult = try decoded(
            #"{"engine":"whisper-server","engineMilliseconds":912,"gaps":[],"language":"en","segments":"#
                + #"[{"avgLogProbability":-0.25,"endMilliseconds":900,"noSpeechProbability":0.01,"#
                + #""startMilliseconds":0,"text":"Hello.","words":[]}]}"#)
        #expect(
            old
                == ChunkResult(
                    segments: [segment(0, 900, "Hello.")], language: "en", engine: "whisper-server",
                    engineMilliseconds: 912))
    }

    @Test func `Flags and guards that only later versions know are left out`() throws {
        let new: ChunkResult = try decoded(
            #"{"engine":"e","engineMilliseconds":1,"gaps":[],"segments":[{"avgLogProbability":-0.25,"endMilliseconds":9,"#
                + #""noSpeechProbability":0.01,"startMilliseconds":0,"text":"La.","words":[],"flags":["sung","repetition"]}],"#
                + #""guards":[{"kind":"hummed","startMilliseconds":0,"endMilliseconds":1,"detail":""},"#
                + #"{"kind":"collapsed_loop","startMilliseconds":0,"endMilliseconds":1,"detail":""}]}"#)
        #expect(new.segments.map(\.flags) == [[.repetition]])
        #expect(new.guards.map(\.kind) == [.collapsedLoop])
    }

    @Test func `A merged chunk has its guards as clean lines inside its time`() {
        let long = String(repeating: "é", count: 150)
        let merged = TranscriptMerger.merge([
            (
                span(0, 0, 10_000),
                ChunkResult(
                    segments: [], engine: "e", engineMilliseconds: 1,
                    guards: [
                        GuardNote(
                            kind: .droppedNoSpeech, startMilliseconds: -5, endMilliseconds: 12_000,
                            detail: " two\nlines\u{0} "),
                        GuardNote(
                            kind: .droppedSilentAudio, startMilliseconds: 1, endMilliseconds: 2, detail: long),
                    ])
            )
        ])
        #expect(
            merged.first?.guards == [
                GuardNote(
                    kind: .droppedNoSpeech, startMilliseconds: 0, endMilliseconds: 10_000, detail: "two lines"),
                GuardNote(
                    kind: .droppedSilentAudio, startMilliseconds: 1, endMilliseconds: 2,
                    detail: String(long.prefix(100))),
            ])
    }
}
