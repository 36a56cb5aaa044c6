/// One JSON object in the shape of Whisper's verbose_json, with gaps and chunks beside the segments.
///
/// A key holds what is spread over all chunks, so each of "text", "segments", "gaps", "guards" and "chunks" takes a pass;
/// those for gaps and guards are left out where there are none. Nothing but the current chunk is held.
struct JSONTranscriptRenderer: TranscriptRenderer {
    /// Of this rendering. The stored form has its own.
    static let schemaVersion = 1

    private enum Part {
        case text, segments, gaps, guards, chunks
    }

    private var part = Part.text
    private var showsWords = false
    /// Segments before the current one, for their ids.
    private var segmentCount = 0
    private var isFirst = true

    func begin(_ header: TranscriptHeader, into json: inout JSONBytes) {
        json.member("schema_version", Self.schemaVersion)
        json.member("job_id", header.job.description)
        json.member("filename", header.filename)
        json.member("task", header.options.translate ? "translate" : "transcribe")
        json.member("language", header.language)
        json.member("duration", secondsOf: header.durationMilliseconds)
        json.member("engine", header.engine)
        json.member("model", header.model)
        json.member("created_ms", Int(header.createdAt.millisecondsSinceEpoch))
        json.object("audio") { json in
            json.member("format", header.audio.name)
            json.member("sample_rate", header.audio.sampleRate)
            json.member("channels", header.audio.channels)
        }
        json.object("options") { header.options.write(to: &$0) }
    }

    mutating func begin(_ header: TranscriptHeader) -> [UInt8] {
        showsWords = header.options.wordTimestamps
        var json = JSONBytes()
        json.object { begin(header, into: &$0) }
        return json.bytes.dropLast() + ",\n\"text\":\"".utf8
    }

    mutating func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var output: [UInt8] = []
        let merged = chunk.merged
        switch part {
        case .text:
            JSONBytes.escape(merged.text, into: &output)
        case .segments:
            for segment in merged.segments {
                add(element(segment), to: &output)
                segmentCount += 1
            }
        case .gaps:
            for gap in merged.gaps { add(element(gap), to: &output) }
        case .guards:
            for note in merged.guards { add(element(note), to: &output) }
        case .chunks:
            add(element(chunk), to: &output)
        }
        return output
    }

    mutating func endPass(_ summary: TranscriptSummary) -> TranscriptPassEnd {
        let closed = isFirst ? "]" : "\n]"
        isFirst = true
        switch part {
        case .text:
            part = .segments
            return TranscriptPassEnd(bytes: Array("\",\n\"segments\":[".utf8), needsAnotherPass: true)
        case .segments, .gaps, .guards:
            return TranscriptPassEnd(bytes: Array((closed + next(summary)).utf8), needsAnotherPass: true)
        case .chunks:
            return TranscriptPassEnd(bytes: Array("\(closed)}\n".utf8))
        }
    }

    /// Opens the next list that takes a pass, past those that are empty.
    private mutating func next(_ summary: TranscriptSummary) -> String {
        var text = ""
        if part == .segments {
            text += ",\n\"gaps\":["
            part = .gaps
            if summary.gaps > 0 { return text }
            text += "]"
        }
        if part == .gaps {
            text += ",\n\"guards\":["
            part = .guards
            if summary.guards > 0 { return text }
            text += "]"
        }
        part = .chunks
        return text + ",\n\"chunks\":["
    }

    private mutating func add(_ element: JSONBytes, to output: inout [UInt8]) {
        output += (isFirst ? "\n" : ",\n").utf8
        output += element.bytes
        isFirst = false
    }

    private func element(_ segment: TranscriptSegment) -> JSONBytes {
        var json = JSONBytes()
        json.object { json in
            json.member("id", segmentCount)
            json.member("start", secondsOf: segment.startMilliseconds)
            json.member("end", secondsOf: segment.endMilliseconds)
            json.member("text", segment.text)
            json.member("avg_logprob", segment.avgLogProbability)
            json.member("no_speech_prob", segment.noSpeechProbability)
            segment.writeOrigin(to: &json)
            guard showsWords else { return }
            json.array("words", segment.words) { json, word in
                json.object { json in
                    json.member("start", secondsOf: word.startMilliseconds)
                    json.member("end", secondsOf: word.endMilliseconds)
                    json.member("word", word.text)
                    json.member("probability", word.probability)
                }
            }
        }
        return json
    }

    private func element(_ gap: TranscriptGap) -> JSONBytes {
        var json = JSONBytes()
        json.object { json in
            json.member("start", secondsOf: gap.startMilliseconds)
            json.member("end", secondsOf: gap.endMilliseconds)
            json.member("code", gap.cause.code)
            json.member("message", gap.cause.message)
        }
        return json
    }

    private func element(_ note: GuardNote) -> JSONBytes {
        var json = JSONBytes()
        json.object { json in
            json.member("start", secondsOf: note.startMilliseconds)
            json.member("end", secondsOf: note.endMilliseconds)
            json.member("kind", note.kind.rawValue)
            json.member("detail", note.detail)
        }
        return json
    }

    private func element(_ chunk: TranscriptChunk) -> JSONBytes {
        var json = JSONBytes()
        json.object { json in
            json.member("index", chunk.merged.index)
            json.member("start", secondsOf: chunk.merged.startMilliseconds)
            json.member("end", secondsOf: chunk.merged.endMilliseconds)
            json.member("engine_ms", chunk.engineMilliseconds)
            json.member("attempts", chunk.attempts)
        }
        return json
    }
}
