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
    static let lookahead = PCM.sampleRate
    /// What a chunk may repeat of the one before it, rounded up.
    static let margin = 2 * PCM.sampleRate

    private static let length = 30 * PCM.sampleRate
    /// The first one is short, so that the first chunk is on its way early.
    private static let firstLength = 15 * PCM.sampleRate

    /// The start of the window that a sample is in.
    static func start(ofWindowAt sample: Int) -> Int {
        sample < firstLength ? 0 : (sample - firstLength) / length * length + firstLength
    }

    /// The end of the window that starts at a position.
    static func end(ofWindowFrom start: Int) -> Int { start < firstLength ? firstLength : start + length }
}
