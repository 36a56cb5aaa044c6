import STTCore
import Testing

@testable import STTEngines

@Suite("What transcription servers write")
struct OpenAITranscriptTests {
    /// Of ten seconds of audio.
    private func segments(_ json: String, words: Bool = true) throws -> [TranscriptSegment] {
        let request = EngineRequest(
            samples: [Int16](repeating: 0, count: 160_000), wordTimestamps: words, timeLimit: .seconds(1))
        let transcript = try OpenAITranscript.parse(Array(json.utf8))
        return EngineSegment.transcript(
            try transcript.engineSegments(for: request), request: request, language: transcript.languageCode)
    }

    private func times(_ segments: [TranscriptSegment]) -> [[Int]] {
        segments.map { [$0.startMilliseconds, $0.endMilliseconds] }
    }

    @Test("of words at the top go to the segments that they are in")
    func words() throws {
        let found = try segments(
            """
            {"language":"english","text":"Good day. All is well.","segments":[
              {"text":" Good day.","start":0.5,"end":2.0,"avg_logprob":-0.5,"no_speech_prob":0.1,"compression_ratio":1},
              {"text":" All is well.","start":2.0,"end":4.0,"avg_logprob":-0.1,"no_speech_prob":0}],
             "words":[{"word":"Good","start":0.5,"end":1},{"word":"day","start":1,"end":2.04},
              {"word":"All","start":2.04,"end":2.5},{"word":"is","start":2.5,"end":3},{"word":"well","start":3.6,"end":4.6}]}
            """)
        #expect(found.map { $0.words.map(\.text) } == [["Good", "day"], ["All", "is", "well"]])
        #expect(found.map(\.avgLogProbability) == [-0.5, -0.1])
        #expect(found[1].words.last?.endMilliseconds == 4600)
    }

    @Test("as words with their spaces, in segments or at the top, stays in words")
    func spacedWords() throws {
        let inner =
            #"{"word":" don","start":0,"end":1,"probability":0.9},{"word":"'t","start":1,"end":2,"probability":0.7}"#
        let nested = try segments(#"{"segments":[{"text":" don't","start":0,"end":2,"words":[\#(inner)]}]}"#)
        let top = try segments(
            #"{"text":" don't","segments":[{"text":" don't","start":0,"end":2}],"words":[\#(inner)]}"#)
        for found in [nested, top] {
            #expect(found.first?.words.map(\.text) == ["don't"])
            #expect(abs((found.first?.words.first?.probability ?? 0) - 0.8) < 1e-9)
        }
    }

    @Test("as a text alone, or with empty or null segments, becomes one segment over the audio")
    func textOnly() throws {
        for rest in ["", #","segments":[],"words":null"#, #","segments":null,"language":null"#] {
            let found = try segments(#"{"text":" Hello there "\#(rest)}"#)
            #expect(found.map(\.text) == ["Hello there"])
            #expect(times(found) == [[0, 10_000]])
        }
        #expect(try segments(#"{"text":"","segments":[]}"#).isEmpty)
        let timed = try segments(#"{"text":"Hello","segments":[],"words":[{"word":"Hello","start":1,"end":2}]}"#)
        #expect(times(timed) == [[1000, 2000]])
        #expect(timed.first?.words.count == 1)
    }

    @Test("as times that are missing, null, no numbers, texts, negative, backwards or too late is mended")
    func oddTimes() throws {
        let found = try segments(
            """
            {"duration":"10.0","text":"a b c d e f g","segments":[
              {"text":"a","start":-1,"end":1.5},{"text":"b","start":null,"end":NaN},{"text":"c","start":"3.5","end":"4"},
              {"text":"d","start":5,"end":4.5},{"text":"e","start":2,"end":6},{"text":"NaN f"},
              {"text":"g","start":9.5,"end":Infinity},{"text":"h","start":12,"end":31.0},{"text":null,"start":1}]}
            """)
        #expect(found.map(\.text) == ["a", "b", "c", "d", "e", "NaN f", "g", "h"])
        #expect(
            times(found) == [
                [0, 1500], [1500, 3500], [3500, 4000], [5000, 5000], [5000, 6000], [6000, 9500], [9500, 10_000],
                [10_000, 10_000],
            ])
        for segment in found { #expect(segment.avgLogProbability == 0 && segment.noSpeechProbability == 0) }
    }

    @Test("as nanoseconds is understood, and the times of another recording are refused")
    func units() throws {
        let found = try segments(
            #"{"text":"a b","segments":[{"text":"a","start":0,"end":2500000000},{"text":"b","start":2500000000,"end":9000000000}]}"#
        )
        #expect(times(found) == [[0, 2500], [2500, 9000]])
        #expect {
            try segments(#"{"text":"a","segments":[{"text":"a","start":0,"end":4000}]}"#)
        } throws: {
            let error = $0 as? EngineError
            return error?.code == .invalidOutput && error?.message.contains("up to 4000 s for audio of 10 s") == true
        }
    }

    @Test("as figures that vLLM does not compute counts as unknown")
    func placeholders() throws {
        let found = try segments(
            """
            {"text":"a","segments":[{"text":"a","start":0,"end":1,"avg_logprob":-1.0,"compression_ratio":-1.0,
             "no_speech_prob":-1.0}],"words":[{"word":"a","start":0,"end":1}]}
            """)
        #expect(found.first?.avgLogProbability == 0 && found.first?.noSpeechProbability == 0)
        #expect(found.first?.words.first?.probability == 1)
    }

    @Test("of languages by name or code, and of none")
    func languages() throws {
        func code(_ json: String) throws -> String? { try OpenAITranscript.parse(Array(json.utf8)).languageCode }
        #expect(try code(#"{"text":"","language":"english"}"#) == "en")
        #expect(try code(#"{"text":"","language":"DE"}"#) == "de")
        #expect(try code(#"{"text":"","language":"klingon"}"#) == nil)
        #expect(try code(#"{"text":"","language":null}"#) == nil)
    }
}
