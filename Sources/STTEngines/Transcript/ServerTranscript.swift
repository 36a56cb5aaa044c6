import FoundationEssentials
import STTCore

/// whisper-server's `verbose_json`, as its source writes it.
struct ServerTranscript: Decodable {
    struct Segment: Decodable {
        var text: String
        /// Seconds.
        var start: Double
        var end: Double
        /// Null for a segment without tokens, whose mean is not a number.
        var avgLogProbability: Double?
        var noSpeechProbability: Double?
        /// One for each token. Absent for a segment without tokens.
        var words: [Token]?

        enum CodingKeys: String, CodingKey {
            case text, start, end, words
            case avgLogProbability = "avg_logprob"
            case noSpeechProbability = "no_speech_prob"
        }
    }

    struct Token: Decodable {
        var word: String
        var start: Double
        var end: Double
        var probability: Double
    }

    /// English name.
    var language: String?
    var segments: [Segment]

    /// Parses an answer.
    ///
    /// - Throws: ``EngineError`` with code `invalidOutput`.
    static func parse(_ bytes: [UInt8]) throws(EngineError) -> ServerTranscript {
        do {
            return try JSONDecoder().decode(ServerTranscript.self, from: EngineJSON.repaired(bytes))
        } catch {
            throw EngineJSON.invalid("whisper-server", bytes, cause: error)
        }
    }

    var languageCode: String? { language.flatMap(WhisperLanguage.code(of:)) }

    var engineSegments: [EngineSegment] {
        segments.map { segment in
            EngineSegment(
                text: segment.text, startMilliseconds: Self.milliseconds(segment.start),
                endMilliseconds: Self.milliseconds(segment.end), avgLogProbability: segment.avgLogProbability ?? 0,
                noSpeechProbability: segment.noSpeechProbability ?? 0,
                pieces: (segment.words ?? []).map { token in
                    TokenPiece(
                        text: token.word, startMilliseconds: Self.milliseconds(token.start),
                        endMilliseconds: Self.milliseconds(token.end), probability: token.probability)
                })
        }
    }

    /// Rounded; anything beyond a day, which no answer can mean, becomes 0.
    private static func milliseconds(_ seconds: Double) -> Int {
        abs(seconds) < 86_400 ? Int((seconds * 1_000).rounded()) : 0
    }
}
