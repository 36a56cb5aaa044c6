import FoundationEssentials
import Glibc
import STTCore

/// The `json` and `verbose_json` of OpenAI's transcription method, as OpenAI, vLLM, faster-whisper-server (speaches),
/// LocalAI and whisper.cpp write it. All members but the text may be missing or null, and the text may be missing where
/// there are segments.
struct OpenAITranscript: Decodable, Sendable {
    struct Segment: Decodable, Sendable {
        var text: String?
        var start: LenientNumber?
        var end: LenientNumber?
        var avgLogProbability: LenientNumber?
        var noSpeechProbability: LenientNumber?
        var compressionRatio: LenientNumber?
        /// whisper.cpp and some others put the words here.
        var words: [Word]?

        enum CodingKeys: String, CodingKey {
            case text, start, end, words
            case avgLogProbability = "avg_logprob"
            case noSpeechProbability = "no_speech_prob"
            case compressionRatio = "compression_ratio"
        }
    }

    struct Word: Decodable, Sendable {
        var word: String?
        var start: LenientNumber?
        var end: LenientNumber?
        /// OpenAI gives none.
        var probability: LenientNumber?
    }

    var text: String?
    /// English name or code.
    var language: String?
    var segments: [Segment]?
    var words: [Word]?

    /// Parses an answer's body.
    ///
    /// - Throws: ``EngineError`` with code `invalidOutput`.
    static func parse(_ bytes: [UInt8]) throws(EngineError) -> OpenAITranscript {
        let transcript: OpenAITranscript
        do {
            let json = EngineJSON.withoutNonNumbers(EngineJSON.repaired(bytes))
            transcript = try JSONDecoder().decode(OpenAITranscript.self, from: json)
        } catch {
            throw EngineJSON.invalid("the transcription server", bytes, cause: error)
        }
        guard transcript.text != nil || transcript.segments != nil else {
            throw EngineError(
                .invalidOutput, "the transcription server's answer is JSON with neither a text nor segments")
        }
        return transcript
    }

    var languageCode: String? { language.flatMap { WhisperLanguage.code(of: $0.trimmingSpaces()) } }
}

extension OpenAITranscript.Segment {
    /// vLLM writes −1 for figures that it does not compute.
    private var hasPlaceholders: Bool {
        (compressionRatio?.value ?? 0) < 0 && avgLogProbability?.value == -1
    }

    /// `nil` where the server does not tell.
    var meanLogProbability: Double? {
        hasPlaceholders ? nil : (avgLogProbability?.value).map { min($0, 0) }
    }

    /// Of a word that the server gives no probability for.
    var meanProbability: Double { meanLogProbability.map(exp) ?? 1 }

    var silenceProbability: Double { min(max(noSpeechProbability?.value ?? 0, 0), 1) }
}
