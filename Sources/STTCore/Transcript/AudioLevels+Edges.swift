/// Where sound begins and ends: where three frames of five are loud, so that a click is none.
extension AudioLevels {
    private static let frameRun = 5
    private static let loudFrames = 3

    /// Where the first sound in a stretch of time begins that is at least this loud, in milliseconds. `nil` where there is
    /// none.
    package func soundStart(in milliseconds: Range<Int>, above decibels: Double) -> Int? {
        let frames = frames(in: milliseconds)
        return frames.first { isLoud($0, above: decibels) && isLoudRun($0..<$0 + Self.frameRun, above: decibels) }
            .map { max(startMilliseconds + $0 * Self.frameMilliseconds, milliseconds.lowerBound) }
    }

    /// Where the last sound in a stretch of time ends that is at least this loud, in milliseconds. `nil` where there is
    /// none.
    package func soundEnd(in milliseconds: Range<Int>, above decibels: Double) -> Int? {
        let frames = frames(in: milliseconds)
        return frames.last {
            isLoud($0, above: decibels) && isLoudRun($0 - Self.frameRun + 1..<$0 + 1, above: decibels)
        }
        .map { min(startMilliseconds + ($0 + 1) * Self.frameMilliseconds, milliseconds.upperBound) }
    }

    private func isLoud(_ frame: Int, above decibels: Double) -> Bool { self.decibels(ofFrame: frame) >= decibels }

    private func isLoudRun(_ frames: Range<Int>, above decibels: Double) -> Bool {
        frames.clamped(to: 0..<frameCount).count { isLoud($0, above: decibels) } >= Self.loudFrames
    }
}
