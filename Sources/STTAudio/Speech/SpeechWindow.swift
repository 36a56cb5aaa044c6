/// What a speech detector says of a stretch of a recording.
///
/// A recording is judged window by window, and the windows lie at fixed positions: what is said of a window follows from
/// its samples and a little before and after it, wherever reading began.
public struct SpeechWindow: Sendable, Equatable {
    /// The samples that it is about.
    public var range: Range<Int>
    /// Where there is speech, in rising order; `nil` where the detector could not say.
    public var speech: [Range<Int>]?

    /// Makes a verdict.
    public init(range: Range<Int>, speech: [Range<Int>]?) {
        self.range = range
        self.speech = speech
    }

    /// What the detector hears before a window, because it starts without any memory.
    static let warmUp = 3 * PCM.sampleRate
    /// What it hears after it, so that what begins at the end is not dropped as too short.
    private static let lookahead = PCM.sampleRate
    /// The same while every moment counts: twice the shortest speech. It changes a frame in ten thousand.
    private static let shortLookahead = PCM.sampleRate / 2
    /// What a chunk may repeat of the one before it, rounded up.
    static let margin = 2 * PCM.sampleRate

    private static let length = 30 * PCM.sampleRate
    private static let firstLength = 15 * PCM.sampleRate
    /// Where windows are divided for a first chunk that is known early: closest where it is likely to end.
    private static let divisions = [8.5, 9, 9.5, 10, 10.5, 11.5, 12.5, 20, 25, 30].map {
        Int($0 * Double(PCM.sampleRate))
    }

    /// The start of the window that a sample is in.
    static func start(ofWindowAt sample: Int) -> Int {
        sample < firstLength ? 0 : (sample - firstLength) / length * length + firstLength
    }

    /// The end of the window that starts at a position.
    /// - Parameter isDivided: For a first chunk that is known early.
    static func end(ofWindowFrom start: Int, isDivided: Bool) -> Int {
        let end = self.start(ofWindowAt: start) + (start < firstLength ? firstLength : length)
        return (isDivided ? divisions.first { $0 > start && $0 < end } : nil) ?? end
    }

    /// The sample up to which there has to be audio for a window to be judged.
    static func audible(_ end: Int, isDivided: Bool) -> Int {
        end + (isDivided && end < firstLength ? shortLookahead : lookahead)
    }
}
