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

    /// What the detector hears before a window, because it starts without any memory: it takes a first tone for a voice.
    static let warmUp = 3 * PCM.sampleRate
    /// What it hears after it, so that what begins at the end is not dropped as too short.
    private static let lookahead = PCM.sampleRate
    /// The same while every moment counts: a little more than the shortest speech.
    private static let shortLookahead = 3 * PCM.sampleRate / 10
    /// What a chunk may repeat of the one before it, rounded up.
    static let margin = 2 * PCM.sampleRate

    private static let length = 30 * PCM.sampleRate
    private static let firstLength = 15 * PCM.sampleRate
    /// Where windows are divided for a first chunk that is known early: where it is likely to end. Each is a process more.
    private static let divisions = [5.5, 7, 8.5, 10, 12, 25].map {
        Int($0 * Double(PCM.sampleRate))
    }

    /// The start of the window that a sample is in.
    static func start(ofWindowAt sample: Int) -> Int {
        sample < firstLength ? 0 : (sample - firstLength) / length * length + firstLength
    }

    /// Where the detector begins to hear a window: for the parts of a divided one, where it would for the whole, so that
    /// it says the same of them.
    static func hearingStart(ofWindowFrom start: Int) -> Int { max(self.start(ofWindowAt: start) - warmUp, 0) }

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
