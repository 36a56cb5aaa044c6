/// Which frames of a recording are worth keeping: those above the silence gate, or those that a speech detector names.
struct FrameActivity: Sendable {
    private enum Mark: UInt8 {
        case quiet
        case speech
        /// The detector has not said: the gate decides.
        case unknown
    }

    private(set) var levels: FrameLevels
    private let usesVerdicts: Bool
    private var marks: [Mark] = []
    private var firstMark: Int
    private var isEnded = false

    init(startSample: Int, usesVerdicts: Bool) {
        levels = FrameLevels(startSample: startSample)
        self.usesVerdicts = usesVerdicts
        firstMark = startSample / FrameLevels.samplesPerFrame
    }

    /// Frames before this one are known to be active or not.
    var classifiedEnd: Int {
        usesVerdicts && !isEnded ? min(levels.classifiedEnd, firstMark + marks.count) : levels.classifiedEnd
    }

    func isActive(_ frame: Int) -> Bool {
        guard usesVerdicts, frame - firstMark < marks.count else { return levels.isActive(frame) }
        // Before the first verdict of a resumed run: nothing depends on it.
        guard frame >= firstMark else { return false }
        switch marks[frame - firstMark] {
        case .quiet: return false
        case .speech: return true
        case .unknown: return levels.isActive(frame)
        }
    }

    mutating func append(_ channels: [[Int16]]) { levels.append(channels) }

    mutating func append(_ verdict: SpeechWindow) {
        let start = verdict.range.lowerBound / FrameLevels.samplesPerFrame
        let end = (verdict.range.upperBound + FrameLevels.samplesPerFrame - 1) / FrameLevels.samplesPerFrame
        // What lies before the first verdict is of no interest, and gaps between verdicts are not known.
        let next = firstMark + marks.count
        if start > next {
            marks += repeatElement(marks.isEmpty ? Mark.quiet : .unknown, count: start - next)
        }
        let covered = max(start, firstMark + marks.count)..<max(end, firstMark + marks.count)
        marks += repeatElement(verdict.speech == nil ? Mark.unknown : .quiet, count: covered.count)
        for range in verdict.speech ?? [] {
            let lower = max(range.lowerBound / FrameLevels.samplesPerFrame, covered.lowerBound)
            let upper = min(
                (range.upperBound + FrameLevels.samplesPerFrame - 1) / FrameLevels.samplesPerFrame, covered.upperBound)
            for frame in lower..<max(lower, upper) { marks[frame - firstMark] = .speech }
        }
    }

    mutating func end() {
        levels.end()
        isEnded = true
    }

    mutating func drop(before frame: Int) {
        levels.drop(before: frame)
        let count = min(max(frame - firstMark, 0), marks.count)
        marks.removeFirst(count)
        firstMark += count
    }
}
