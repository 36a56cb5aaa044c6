import FoundationEssentials
import Glibc
import STTCore

/// whisper-cli's full JSON, as its source writes it.
struct CommandLineTranscript: Decodable {
    struct Outcome: Decodable {
        var language: String
    }

    struct Segment: Decodable {
        var text: String
        var offsets: Offsets
        var tokens: [Token]
    }

    struct Token: Decodable {
        var text: String
        /// Absent for a token that has no time.
        var offsets: Offsets?
        var id: Int
        var probability: Double

        enum CodingKeys: String, CodingKey {
            case text, offsets, id
            case probability = "p"
        }
    }

    /// Milliseconds.
    struct Offsets: Decodable {
        var from: Int
        var to: Int
    }

    var result: Outcome
    var transcription: [Segment]

    /// Parses the output.
    ///
    /// - Throws: ``EngineError`` with code `invalidOutput`.
    static func parse(_ bytes: [UInt8]) throws(EngineError) -> CommandLineTranscript {
        do {
            return try JSONDecoder().decode(CommandLineTranscript.self, from: EngineJSON.repaired(bytes))
        } catch {
            throw EngineJSON.invalid("whisper-cli", bytes, cause: error)
        }
    }

    var languageCode: String? { WhisperLanguage.code(of: result.language) }

    /// The segments without the tokens from `endOfText` on, which are not text.
    func engineSegments(endOfText: Int) -> [EngineSegment] {
        transcription.map { segment in
            let tokens = segment.tokens.filter { $0.id < endOfText }
            // whisper-server divides by the number of all tokens, too.
            let logProbability =
                tokens.reduce(0) { $0 + log(max($1.probability, 1e-30)) } / Double(max(1, segment.tokens.count))
            return EngineSegment(
                text: segment.text, startMilliseconds: segment.offsets.from, endMilliseconds: segment.offsets.to,
                avgLogProbability: logProbability, noSpeechProbability: 0,
                pieces: tokens.map { token in
                    TokenPiece(
                        text: token.text, startMilliseconds: token.offsets?.from ?? segment.offsets.from,
                        endMilliseconds: token.offsets?.to ?? segment.offsets.from, probability: token.probability)
                })
        }
    }
}
