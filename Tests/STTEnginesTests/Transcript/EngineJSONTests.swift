import Foundation
import Testing

@testable import STTEngines

@Suite("An engine's JSON")
struct EngineJSONTests {
    @Test("keeps its meaning, with raw control characters in strings made spaces and broken UTF-8 replaced")
    func repaired() {
        let bytes = Array("{\n\t\"a\": \"x\ny\\\"\tz\\\\\",\n\"b\": \"".utf8) + [0xE4] + Array("\"}".utf8)
        let text = String(decoding: EngineJSON.repaired(bytes), as: UTF8.self)
        #expect(text == "{\n\t\"a\": \"x y\\\" z\\\\\",\n\"b\": \"\u{FFFD}\"}")
    }

    @Test("of a segment without tokens has neither words nor a mean")
    func noTokens() throws {
        let json =
            #"{"language":"english","segments":[{"text":"","start":0,"end":1,"avg_logprob":null,"no_speech_prob":0.5}]}"#
        let transcript = try ServerTranscript.parse(Array(json.utf8))
        #expect(transcript.engineSegments.first?.pieces.isEmpty == true)
        #expect(transcript.languageCode == "en")
    }
}
