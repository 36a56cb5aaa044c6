import Foundation
import STTCore
import Testing

@Suite struct TranscriptStorageTests {
    private func read(_ bytes: [UInt8], pieceSize: Int = 1_000_000, maximumLineBytes: Int = 1 << 20)
        throws(TranscriptError) -> [TranscriptRecord]
    {
        var reader = TranscriptReader(maximumLineBytes: maximumLineBytes)
        var records: [TranscriptRecord] = []
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            records += try reader.push(bytes[start..<min(start + pieceSize, bytes.count)])
        }
        try reader.finish()
        return records
    }

    private func code(of bytes: [UInt8], maximumLineBytes: Int = 1 << 20) -> TranscriptError.Code? {
        do throws(TranscriptError) {
            _ = try read(bytes, maximumLineBytes: maximumLineBytes)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [1, 2, 7, 64, 1_000_000]) func `What was written reads back, in pieces of any size`(size: Int)
        throws
    {
        let stored = StoredTranscript.varied
        let records = try read(try stored.bytes(), pieceSize: size)
        #expect(records.count == stored.chunks.count + 2)
        #expect(records.first == .header(stored.header))
        #expect(records.dropFirst().dropLast() == stored.chunks.map(TranscriptRecord.chunk)[...])
        let summary = TranscriptSummary(chunks: 3, segments: 5, words: 23, gaps: 1, durationMilliseconds: 30_000)
        #expect(records.last == .end(summary))
    }

    @Test func `Channels, flags and guards read back`() throws {
        let stored = StoredTranscript.call
        let records = try read(try stored.bytes())
        #expect(records.first == .header(stored.header))
        #expect(records.dropFirst().dropLast() == stored.chunks.map(TranscriptRecord.chunk)[...])
        let summary = TranscriptSummary(chunks: 2, segments: 2, words: 5, guards: 3, durationMilliseconds: 30_000)
        #expect(records.last == .end(summary))
    }

    @Test func `A document of version 1 reads as it always did`() throws {
        let old = """
            {"type":"header","schema_version":1,"job_id":"01890a5d-ac96-774b-bcce-b302099a8057","filename":"talk.wav",\
            "audio":{"format":"WAV/PCM_16","sample_rate":44100,"channels":2,"sample_count":160000},"duration_ms":10000,\
            "options":{"language":null,"translate":false,"prompt":null,"temperature":0.0,"word_timestamps":true,\
            "segmentation":"silence","chunk_seconds":null,"retention_seconds":60},"engine":"whisper-server",\
            "model":"tiny.en","language":"en","created_ms":1700000000123}
            {"type":"chunk","index":0,"start_ms":0,"end_ms":10000,"engine_ms":912,"attempts":1,"segments":\
            [{"start_ms":320,"end_ms":3900,"text":"Hello.","avg_logprob":-0.25,"no_speech_prob":0.5,"words":\
            [{"start_ms":320,"end_ms":700,"text":"Hello.","probability":0.75}]}],"gaps":\
            [{"start_ms":8000,"end_ms":10000,"code":"engine.crashed","message":"It crashed."}]}
            {"type":"end","chunks":1,"segments":1,"words":1,"gaps":1,"duration_ms":10000}

            """
        let word = TranscriptWord(startMilliseconds: 320, endMilliseconds: 700, text: "Hello.", probability: 0.75)
        var stored = StoredTranscript(
            [
                MergedChunk(
                    index: 0, startMilliseconds: 0, endMilliseconds: 10_000,
                    segments: [segment(320, 3_900, "Hello.", words: [word], noSpeech: 0.5)],
                    gaps: [gap(8_000, 10_000, "engine.crashed", "It crashed.")])
            ], wordTimestamps: true)
        stored.header.options.prompt = nil
        stored.header.options.segmentation = .silence
        stored.header.options.retentionSeconds = 60
        stored.chunks[0].engineMilliseconds = 912
        let records = try read(Array(old.utf8))
        #expect(records.first == .header(stored.header))
        #expect(records[1] == .chunk(stored.chunks[0]))
        #expect(records.count == 3)
    }

    @Test func `Flags and guards of a later version are left out`() throws {
        let text = String(decoding: try StoredTranscript.call.bytes(), as: UTF8.self)
            .replacingOccurrences(of: "[\"low_probability\"]", with: "[\"sung\",\"low_probability\"]")
            .replacingOccurrences(of: "\"kind\":\"collapsed_loop\"", with: "\"kind\":\"hummed\"")
        var stored = StoredTranscript.call
        stored.chunks[1].merged.guards.removeLast()
        let records = try read(Array(text.utf8))
        #expect(records.dropFirst().dropLast() == stored.chunks.map(TranscriptRecord.chunk)[...])
    }

    @Test func `Every optional field may be missing`() throws {
        var stored = StoredTranscript([], language: nil)
        stored.header.audio.sampleCount = nil
        stored.header.options = TranscriptionOptions(
            language: "de", translate: true, temperature: 0.2, segmentation: .fixed, chunkSeconds: 12.5,
            retentionSeconds: 60)
        #expect(try read(try stored.bytes()).first == .header(stored.header))
    }

    @Test func `The header's bytes are fixed`() {
        let header = String(decoding: TranscriptWriter(StoredTranscript([]).header).begin(), as: UTF8.self)
        #expect(
            header == """
                {"type":"header","schema_version":2,"job_id":"01890a5d-ac96-774b-bcce-b302099a8057","filename":"talk.wav",\
                "audio":{"format":"WAV/PCM_16","sample_rate":44100,"channels":2,"sample_count":0},"duration_ms":0,\
                "options":{"language":null,"translate":false,"prompt":"a \\"quoted\\" \\\\ prompt\\n","temperature":0.0,\
                "word_timestamps":false,"segmentation":"automatic","chunk_seconds":null,"retention_seconds":null,\
                "channels":"mixed","model":null,"carry_prompt":false},\
                "engine":"whisper-server","model":"tiny.en","language":"en","created_ms":1700000000123}\n
                """)
    }

    @Test func `Line separators and control characters are escaped`() throws {
        var stored = StoredTranscript([], filename: "a\u{2028}b\u{2029}c\u{7F}d\u{1}e\tf\u{FFFD}g😀")
        let bytes = try stored.bytes()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#"a\u2028b\u2029c\u007fd\u0001e\tf"# + "\u{FFFD}g😀"))
        #expect(try read(bytes).first == .header(stored.header))
        stored.header.filename = ""
        #expect(try read(try stored.bytes()).first == .header(stored.header))
    }

    @Test func `A document cut anywhere is truncated or corrupt, never whole`() throws {
        let bytes = try StoredTranscript.varied.bytes()
        for length in 0..<bytes.count {
            #expect(code(of: Array(bytes[..<length])) == .truncated, "cut after \(length) bytes")
        }
    }

    @Test func `A missing line is found`() throws {
        let lines = try StoredTranscript.varied.bytes().split(separator: UInt8(ascii: "\n")).map { Array($0) + [10] }
        for missing in lines.indices {
            var rest = lines
            rest.remove(at: missing)
            let expected: TranscriptError.Code =
                switch missing {
                case lines.count - 1: .truncated
                case lines.count - 2: .countMismatch
                default: .corrupt
                }
            #expect(code(of: Array(rest.joined())) == expected, "without line \(missing + 1)")
        }
    }

    @Test func `Errors name the line and what is wrong with it`() throws {
        let good = String(decoding: try StoredTranscript.varied.bytes(), as: UTF8.self)
        let cases: [(String, String, TranscriptError.Code, Int, String)] = [
            ("\"index\":1", "\"index\":7", .corrupt, 3, "chunk 7 where 1 should be"),
            ("\"index\":1", "\"index\":\"1\"", .corrupt, 3, "index is not of type Int"),
            ("\"engine_ms\":901,", "", .corrupt, 3, "engine_ms is missing"),
            ("\"attempts\":1,", "\"attempts\":,", .corrupt, 2, "not JSON"),
            ("\"type\":\"end\"", "\"type\":\"stop\"", .corrupt, 5, "type: \"stop\" is not a type of line"),
            (
                "\"schema_version\":2", "\"schema_version\":3", .unsupportedVersion, 1,
                "schema version 3; this program reads up to 2"
            ),
            ("\"code\":\"engine.crashed\",", "", .corrupt, 3, "gaps.0.code is missing"),
            ("\"segmentation\":\"automatic\"", "\"segmentation\":\"x\"", .corrupt, 1, "options.segmentation"),
            ("{\"type\":\"end\"", "\n{\"type\":\"end\"", .corrupt, 5, "not JSON"),
        ]
        for (old, new, code, line, message) in cases {
            let range = try #require(good.firstRange(of: old))
            let bad = good.replacingCharacters(in: range, with: new)
            let error = #expect(throws: TranscriptError.self) { try read(Array(bad.utf8)) }
            #expect(error?.code == code, "\(old) → \(new)")
            #expect(error?.line == line, "\(old) → \(new)")
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `Bytes after the end are an error`() throws {
        let bytes = try StoredTranscript.varied.bytes()
        #expect(code(of: bytes + [UInt8(ascii: "x")]) == .truncated)
        #expect(code(of: bytes + bytes) == .corrupt)
    }

    @Test func `A line longer than the limit is refused before it is held`() throws {
        let bytes = try StoredTranscript.varied.bytes()
        #expect(code(of: bytes, maximumLineBytes: 100) == .lineTooLong)
        #expect(code(of: [UInt8](repeating: 32, count: 2_000), maximumLineBytes: 1_000) == .lineTooLong)
    }

    @Test func `A chunk that no reader would accept is not written`() throws {
        var writer = TranscriptWriter(StoredTranscript([]).header)
        let text = String(repeating: "a", count: TranscriptWriter.maximumLineBytes)
        let huge = MergedChunk(
            index: 0, startMilliseconds: 0, endMilliseconds: 1, segments: [segment(0, 1, text)])
        #expect(throws: TranscriptError.self) {
            try writer.append(TranscriptChunk(huge, engineMilliseconds: 0, attempts: 1))
        }
        #expect(String(decoding: writer.end(), as: UTF8.self).contains("\"chunks\":0"))
    }

    @Test func `Random damage never crashes the reader`() throws {
        let bytes = try StoredTranscript.varied.bytes()
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = code(of: damaged)
        }
    }
}
