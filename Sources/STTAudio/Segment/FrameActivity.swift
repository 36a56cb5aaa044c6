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
    /// The first frame of which the detector has not said anything.
    private var firstUnknown = Int.max
    private var isEnded = false

    /// Levels are smoothed over so many frames to either side.
    private static let smoothing = 5

    init(startSample: Int, usesVerdicts: Bool) {
        levels = FrameLevels(startSample: startSample)
        self.usesVerdicts = usesVerdicts
        firstMark = startSample / FrameLevels.samplesPerFrame
    }

    /// Frames before this one are known to be active or not. The gate is known later than what a detector has said.
    var classifiedEnd: Int {
        guard usesVerdicts, !isEnded else { return levels.classifiedEnd }
        let judged = min(firstMark + marks.count, levels.endFrame - Self.smoothing)
        return max(min(judged, max(firstUnknown, levels.classifiedEnd)), firstMark)
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
            if !marks.isEmpty { firstUnknown = min(firstUnknown, next) }
            marks += repeatElement(marks.isEmpty ? Mark.quiet : .unknown, count: start - next)
        }
        let covered = max(start, firstMark + marks.count)..<max(end, firstMark + marks.count)
        if verdict.speech == nil { firstUnknown = min(firstUnknown, covered.lowerBound) }
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
