import STTCore

/// Puts together what the engine made of a chunk's halves and channels.
struct ChunkParts {
    private var segments: [TranscriptSegment] = []
    private var gaps: [TranscriptGap] = []
    private var notes: [GuardNote] = []
    private var language: String?
    private var engineTime = Duration.zero

    /// - Parameter channel: From 1; `nil` where there is only one.
    mutating func add(_ outcome: EngineAttempts.Outcome, channel: Int?) {
        segments += outcome.segments.map { segment in
            var segment = segment
            segment.channel = channel
            return segment
        }
        notes += outcome.notes
        language = language ?? outcome.language
        engineTime += outcome.engineTime
    }

    mutating func addGap(_ milliseconds: Range<Int>, cause: JobFailure) {
        let gap = TranscriptGap(
            startMilliseconds: milliseconds.lowerBound, endMilliseconds: milliseconds.upperBound, cause: cause)
        // Where another channel failed too, nothing more is missing.
        guard gaps.last?.startMilliseconds != gap.startMilliseconds else { return }
        gaps.append(gap)
    }

    /// Notes a channel that the engine was not asked about. Silence needs no note.
    mutating func leaveOut(_ channel: Int?, _ milliseconds: Range<Int>, _ reason: String) {
        guard !reason.isEmpty else { return }
        let what = channel.map { "channel \($0)" } ?? "the audio"
        notes.append(GuardNote(.droppedSilentAudio, in: milliseconds, "\(what) not transcribed: \(reason)"))
    }

    /// Channels interleaved by time.
    func result(engine: String) -> ChunkResult {
        ChunkResult(
            segments: ordered(segments) { ($0.startMilliseconds, $0.channel ?? 0) }, gaps: gaps, language: language,
            engine: engine, engineMilliseconds: Int(engineTime.milliseconds),
            guards: GuardNote.joined(ordered(notes) { ($0.startMilliseconds, 0) }))
    }

    /// Elements with the same key stay in their order.
    private func ordered<Element>(_ elements: [Element], by key: (Element) -> (Int, Int)) -> [Element] {
        let keyed = elements.enumerated().map { offset, element in
            let (time, channel) = key(element)
            return (key: (time, channel, offset), element: element)
        }
        return keyed.sorted { $0.key < $1.key }.map(\.element)
    }
}
