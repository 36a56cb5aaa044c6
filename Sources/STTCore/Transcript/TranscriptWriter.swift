/// Writes the stored form of a transcript: JSON Lines, one line for the header, one for each chunk, one to close.
/// Deterministic: equal records yield equal bytes. `docs/FORMATS.md` has the schema.
public struct TranscriptWriter: Sendable {
    /// A chunk's line is never longer, so that a reader needs no more memory.
    public static let maximumLineBytes = 4 << 20

    private var summary: TranscriptSummary
    private let header: TranscriptHeader

    /// Begins a transcript. `begin` yields its first bytes.
    public init(_ header: TranscriptHeader) {
        self.header = header
        summary = TranscriptSummary(durationMilliseconds: header.durationMilliseconds)
    }

    /// The header's line.
    public func begin() -> [UInt8] {
        Self.line { json in
            json.member("type", "header")
            json.member("schema_version", header.schemaVersion)
            json.member("job_id", header.job.description)
            json.member("filename", header.filename)
            json.object("audio") { json in
                json.member("format", header.audio.name)
                json.member("sample_rate", header.audio.sampleRate)
                json.member("channels", header.audio.channels)
                json.member("sample_count", header.audio.sampleCount)
            }
            json.member("duration_ms", header.durationMilliseconds)
            json.object("options") { header.options.write(to: &$0) }
            json.member("engine", header.engine)
            json.member("model", header.model)
            json.member("language", header.language)
            json.member("created_ms", Int(header.createdAt.millisecondsSinceEpoch))
        }
    }

    /// A chunk's line. Chunks come in order. Throws `lineTooLong`, and nothing was appended then.
    public mutating func append(_ chunk: TranscriptChunk) throws(TranscriptError) -> [UInt8] {
        let line = Self.line { json in
            json.member("type", "chunk")
            json.member("index", chunk.merged.index)
            json.member("start_ms", chunk.merged.startMilliseconds)
            json.member("end_ms", chunk.merged.endMilliseconds)
            json.member("engine_ms", chunk.engineMilliseconds)
            json.member("attempts", chunk.attempts)
            json.array("segments", chunk.merged.segments) { json, segment in
                json.object { segment.write(to: &$0) }
            }
            json.array("gaps", chunk.merged.gaps) { json, gap in
                json.object { json in
                    json.member("start_ms", gap.startMilliseconds)
                    json.member("end_ms", gap.endMilliseconds)
                    json.member("code", gap.cause.code)
                    json.member("message", gap.cause.message)
                }
            }
            guard !chunk.merged.guards.isEmpty else { return }
            json.array("guards", chunk.merged.guards) { json, note in
                json.object { json in
                    json.member("start_ms", note.startMilliseconds)
                    json.member("end_ms", note.endMilliseconds)
                    json.member("kind", note.kind.rawValue)
                    json.member("detail", note.detail)
                }
            }
        }
        guard line.count <= Self.maximumLineBytes else {
            throw TranscriptError(
                .lineTooLong, line: summary.chunks + 2,
                "chunk \(chunk.merged.index) takes \(line.count) bytes; \(Self.maximumLineBytes) are allowed")
        }
        summary.count(chunk.merged)
        return line
    }

    /// The closing line.
    public func end() -> [UInt8] {
        Self.line { json in
            json.member("type", "end")
            json.member("chunks", summary.chunks)
            json.member("segments", summary.segments)
            json.member("words", summary.words)
            json.member("gaps", summary.gaps)
            json.member("guards", summary.guards)
            json.member("duration_ms", summary.durationMilliseconds)
        }
    }

    private static func line(_ body: (inout JSONBytes) -> Void) -> [UInt8] {
        var json = JSONBytes()
        json.object(body)
        return json.bytes + [UInt8(ascii: "\n")]
    }
}

extension TranscriptionOptions {
    func write(to json: inout JSONBytes) {
        json.member("language", language)
        json.member("translate", translate)
        json.member("prompt", prompt)
        json.member("temperature", temperature)
        json.member("word_timestamps", wordTimestamps)
        json.member("segmentation", segmentation.rawValue)
        json.member("chunk_seconds", chunkSeconds)
        json.member("retention_seconds", retentionSeconds)
        json.member("channels", channels.rawValue)
        json.member("model", model)
        json.member("carry_prompt", carriesPrompt)
    }
}

extension TranscriptSegment {
    /// The channel and the flags, where there are any.
    func writeOrigin(to json: inout JSONBytes) {
        if let channel { json.member("channel", channel) }
        if !flags.isEmpty { json.member("flags", flags.map(\.rawValue)) }
    }

    fileprivate func write(to json: inout JSONBytes) {
        json.member("start_ms", startMilliseconds)
        json.member("end_ms", endMilliseconds)
        json.member("text", text)
        json.member("avg_logprob", avgLogProbability)
        json.member("no_speech_prob", noSpeechProbability)
        writeOrigin(to: &json)
        guard !words.isEmpty else { return }
        json.array("words", words) { json, word in
            json.object { json in
                json.member("start_ms", word.startMilliseconds)
                json.member("end_ms", word.endMilliseconds)
                json.member("text", word.text)
                json.member("probability", word.probability)
            }
        }
    }
}
