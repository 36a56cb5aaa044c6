import Foundation
import STTCore
import Testing

@Suite struct TranscriptSchemaTests {
    private let schema: JSONSchema

    init() throws { schema = try JSONSchema(documentation: "transcript.schema.json") }

    @Test func `Rendered transcripts are as the schema says`() throws {
        for stored in [.varied, .call, StoredTranscript([], language: nil)] {
            #expect(try schema.violations(of: try stored.rendered(.json)) == [])
        }
    }

    @Test(arguments: [
        ("\"duration\":30.000,", ""), ("\"duration\":30.000,", "\"duration\":\"30\","),
        ("\"word_timestamps\":true", "\"word_timestamps\":1"), ("\"channel\":1", "\"channel\":0"),
        ("\"flags\":[\"low_probability\"]", "\"flags\":[]"), ("low_probability", "doubtful"),
        ("\"attempts\":1", "\"attempts\":1.5"), ("\"kind\":\"dropped_no_speech\"", "\"kind\":\"x\""),
        ("\"text\":\"Good morning.\",", "\"text\":\"\","), ("\"gaps\":[", "\"holes\":["),
        ("\"schema_version\":1", "\"schema_version\":2"),
    ])
    func `What is not as the schema says is found`(_ old: String, _ new: String) throws {
        let text = try StoredTranscript.call.text(.json)
        let range = try #require(text.firstRange(of: old), "\(old) in \(text)")
        #expect(!(try schema.violations(of: Array(text.replacingCharacters(in: range, with: new).utf8))).isEmpty)
    }

    @Test func `The schema names all flags, guards and options that there are`() {
        #expect(schema.names("segment", "flags") == SegmentFlag.allCases.map(\.rawValue))
        #expect(schema.names("guard", "kind") == GuardNote.Kind.allCases.map(\.rawValue))
        #expect(schema.names("options", "segmentation") == TranscriptionOptions.Segmentation.allCases.map(\.rawValue))
        #expect(schema.names("options", "channels") == TranscriptionOptions.Channels.allCases.map(\.rawValue))
    }
}
