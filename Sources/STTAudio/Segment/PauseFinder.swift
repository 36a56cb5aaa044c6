/// Finds where to cut in a range of frames. A cut at a frame is before that frame.
struct PauseFinder {
    private typealias Centibels = FrameLevels.Centibels

    private static let aboveFloor: Centibels = 60
    private static let farBelowSpeech: Centibels = 240
    private static let belowSpeech: Centibels = 90

    let levels: FrameLevels

    /// The best pause in the range, or `nil` where there is none of at least 0.2 s.
    ///
    /// A frame belongs to a pause where it is below the gate; where it is near the noise floor and clearly below the loud
    /// frames of the range, as it is not in a steady sound; or far below those. Long pauses win over short ones, then deep ones, then late ones.
    func bestPause(in range: ClosedRange<Int>) -> Int? {
        let speech = percentile(90, of: range)
        var best: (score: Double, frames: Range<Int>)?
        var runStart: Int?
        let last = min(range.upperBound, levels.endFrame - 1)
        for frame in range.lowerBound...max(last, range.lowerBound) + 1 {
            if frame <= last, isQuiet(frame, speech: speech) {
                runStart = runStart ?? frame
            } else if let start = runStart {
                runStart = nil
                guard frame - start >= CutPlan.shortestPause else { continue }
                let score = score(start..<frame, in: range, speech: speech)
                if score > best?.score ?? -1 { best = (score, start..<frame) }
            }
        }
        return best.map { quietestPoint(of: $0.frames) }
    }

    /// The quietest tenth of a second in the range: where to cut when there is no pause.
    func quietestFrame(in range: ClosedRange<Int>) -> Int {
        range.min { levels.smoothedLevel($0, radius: 2) < levels.smoothedLevel($1, radius: 2) } ?? range.upperBound
    }

    private func isQuiet(_ frame: Int, speech: Centibels) -> Bool {
        levels.smoothedLevel(frame, radius: 1) < threshold(frame, speech: speech)
    }

    private func threshold(_ frame: Int, speech: Centibels) -> Centibels {
        let nearFloor = min(levels.floor(frame) + Self.aboveFloor, speech - Self.belowSpeech)
        return max(levels.gate(frame), nearFloor, speech - Self.farBelowSpeech)
    }

    private func score(_ run: Range<Int>, in range: ClosedRange<Int>, speech: Centibels) -> Double {
        let length = Double(min(run.count, 60))
        let deepest = run.map { levels.smoothedLevel($0, radius: 2) }.min() ?? 0
        let depth = Double(min(max(threshold(run.lowerBound, speech: speech) - deepest, 0), 200)) / 10
        let lateness = Double(run.upperBound - range.lowerBound) / Double(range.count)
        return length + depth / 2 + 5 * lateness
    }

    /// The quietest point, drawn towards the middle by up to 6 dB so that both sides keep some silence.
    func quietestPoint(of run: Range<Int>) -> Int {
        let middle = (run.lowerBound + run.upperBound) / 2
        func cost(_ frame: Int) -> Int {
            levels.smoothedLevel(frame, radius: 5) + 60 * abs(frame - middle) / max(run.count / 2, 1)
        }
        return run.min { cost($0) < cost($1) } ?? middle
    }

    private func percentile(_ percent: Int, of range: ClosedRange<Int>) -> Centibels {
        let sorted = range.map { levels.level($0) }.sorted()
        return sorted[(sorted.count - 1) * percent / 100]
    }
}
