/// A subtitle, a stretch without a transcript among the subtitles, or a note between them.
struct SubtitleCue: Hashable {
    enum Content: Hashable {
        case text(lines: [String], channel: Int?)
        /// Shown as a cue.
        case gap(TranscriptGap)
        /// Shown as a comment; takes no time.
        case note(TranscriptGap)
    }

    var startMilliseconds: Int
    var endMilliseconds: Int
    /// When it is said, whatever has been made of `startMilliseconds`.
    let spokenAt: Int
    let content: Content
    /// How much there is to read, as `DisplayWidth` counts.
    let width: Int

    init(from start: Int, to end: Int, _ content: Content) {
        startMilliseconds = start
        endMilliseconds = max(start, end)
        spokenAt = start
        self.content = content
        switch content {
        case .text(let lines, _): width = lines.reduce(lines.count - 1) { $0 + DisplayWidth.of($1) }
        case .gap, .note: width = 0
        }
    }

    var isText: Bool { if case .text = content { true } else { false } }
    var isNote: Bool { if case .note = content { true } else { false } }
}
