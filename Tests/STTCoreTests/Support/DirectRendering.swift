import STTCore

extension StoredTranscript {
    /// Rendered without being stored before.
    func direct(_ format: TranscriptFormat, layout: SubtitleLayout = .standard) -> String {
        var renderer = format.makeRenderer(layout)
        var output = renderer.begin(header)
        var end = TranscriptPassEnd(needsAnotherPass: true)
        while end.needsAnotherPass {
            for chunk in chunks { output += renderer.append(chunk) }
            end = renderer.endPass(TranscriptSummary(gaps: chunks.reduce(0) { $0 + $1.merged.gaps.count }))
            output += end.bytes
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Of one chunk.
    init(
        _ segments: [TranscriptSegment], gaps: [TranscriptGap] = [], until end: Int, language: String? = "en",
        separate: Bool = false
    ) {
        self.init(
            [MergedChunk(index: 0, startMilliseconds: 0, endMilliseconds: end, segments: segments, gaps: gaps)],
            language: language)
        if separate { header.options.channels = .separate }
    }
}

func on(_ channel: Int, _ segments: TranscriptSegment...) -> [TranscriptSegment] {
    segments.map { segment in
        var segment = segment
        segment.channel = channel
        return segment
    }
}
