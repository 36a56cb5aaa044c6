/// The lines of a stored transcript as they are decoded. `TranscriptWriter` writes them. What version 1 did not have is
/// optional here.
enum TranscriptLine: Decodable {
    case header(TranscriptHeader)
    case chunk(TranscriptChunk)
    case end(TranscriptSummary)
    case unsupported(version: Int)

    private enum Keys: String, CodingKey {
        case type
        case schemaVersion = "schema_version"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "header":
            let version = try container.decode(Int.self, forKey: .schemaVersion)
            guard TranscriptHeader.readableSchemaVersions.contains(version) else {
                self = .unsupported(version: version)
                return
            }
            self = .header(try Header(from: decoder).value)
        case "chunk": self = .chunk(try ChunkLine(from: decoder).value)
        case "end": self = .end(try End(from: decoder).value)
        case let type:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "\"\(type)\" is not a type of line")
        }
    }

    private struct Header: Decodable {
        struct Audio: Decodable {
            var format: String
            var sample_rate: Int
            var channels: Int
            var sample_count: Int?
        }

        struct Options: Decodable {
            var language: String?
            var translate: Bool
            var prompt: String?
            var temperature: Double
            var word_timestamps: Bool
            var segmentation: TranscriptionOptions.Segmentation
            var chunk_seconds: Double?
            var retention_seconds: Int?
            var channels: TranscriptionOptions.Channels?
            var model: String?
            var carry_prompt: Bool?
        }

        var job_id: JobID
        var filename: String
        var audio: Audio
        var duration_ms: Int
        var options: Options
        var engine: String
        var model: String
        var language: String?
        var created_ms: Timestamp

        var value: TranscriptHeader {
            TranscriptHeader(
                job: job_id, filename: filename,
                audio: AudioFormat(
                    name: audio.format, sampleRate: audio.sample_rate, channels: audio.channels,
                    sampleCount: audio.sample_count),
                durationMilliseconds: duration_ms,
                options: TranscriptionOptions(
                    language: options.language, translate: options.translate, prompt: options.prompt,
                    temperature: options.temperature, wordTimestamps: options.word_timestamps,
                    segmentation: options.segmentation, chunkSeconds: options.chunk_seconds,
                    retentionSeconds: options.retention_seconds, channels: options.channels ?? .mixed,
                    model: options.model, carriesPrompt: options.carry_prompt ?? false),
                engine: engine, model: model, language: language, createdAt: created_ms)
        }
    }

    private struct ChunkLine: Decodable {
        struct Word: Decodable {
            var start_ms: Int
            var end_ms: Int
            var text: String
            var probability: Double
        }

        struct Segment: Decodable {
            var start_ms: Int
            var end_ms: Int
            var text: String
            var avg_logprob: Double
            var no_speech_prob: Double
            var words: [Word]?
            var channel: Int?
            /// Those that only later versions know are left out.
            var flags: [String]?
        }

        struct Gap: Decodable {
            var start_ms: Int
            var end_ms: Int
            var code: String
            var message: String
        }

        struct Guard: Decodable {
            var start_ms: Int
            var end_ms: Int
            /// A note of a kind that only later versions know is left out.
            var kind: String
            var detail: String
        }

        var index: Int
        var start_ms: Int
        var end_ms: Int
        var engine_ms: Int
        var attempts: Int
        var segments: [Segment]
        var gaps: [Gap]
        var guards: [Guard]?

        var value: TranscriptChunk {
            let merged = MergedChunk(
                index: index, startMilliseconds: start_ms, endMilliseconds: end_ms,
                segments: segments.map { segment in
                    TranscriptSegment(
                        startMilliseconds: segment.start_ms, endMilliseconds: segment.end_ms, text: segment.text,
                        avgLogProbability: segment.avg_logprob, noSpeechProbability: segment.no_speech_prob,
                        words: (segment.words ?? []).map {
                            TranscriptWord(
                                startMilliseconds: $0.start_ms, endMilliseconds: $0.end_ms, text: $0.text,
                                probability: $0.probability)
                        }, channel: segment.channel, flags: (segment.flags ?? []).compactMap(SegmentFlag.init))
                },
                gaps: gaps.map {
                    TranscriptGap(
                        startMilliseconds: $0.start_ms, endMilliseconds: $0.end_ms,
                        cause: JobFailure(code: $0.code, message: $0.message))
                },
                guards: (guards ?? []).compactMap { note in
                    guard let kind = GuardNote.Kind(rawValue: note.kind) else { return nil }
                    return GuardNote(
                        kind: kind, startMilliseconds: note.start_ms, endMilliseconds: note.end_ms,
                        detail: note.detail)
                })
            return TranscriptChunk(merged, engineMilliseconds: engine_ms, attempts: attempts)
        }
    }

    private struct End: Decodable {
        var chunks: Int
        var segments: Int
        var words: Int
        var gaps: Int
        var guards: Int?
        var duration_ms: Int

        var value: TranscriptSummary {
            TranscriptSummary(
                chunks: chunks, segments: segments, words: words, gaps: gaps, guards: guards ?? 0,
                durationMilliseconds: duration_ms)
        }
    }
}
