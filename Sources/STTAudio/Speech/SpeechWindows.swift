/// A window of a recording with what a detector hears around it.
public struct WindowAudio: Sendable, Equatable {
    /// The samples that the verdict will be about.
    public var range: Range<Int>
    /// Position of the first sample of the channels.
    public var startSample: Int
    /// The audio: one array for each channel, all of the same length.
    public var channels: [[Int16]]

    /// Makes a window of some audio.
    public init(range: Range<Int>, startSample: Int, channels: [[Int16]]) {
        self.range = range
        self.startSample = startSample
        self.channels = channels
    }
}

/// Divides a recording into windows for a ``SpeechDetector`` while it is being decoded.
public struct SpeechWindows: Sendable {
    private var channels: [[Int16]] = []
    private var startSample: Int
    private let isDivided: Bool
    /// The start of the next window.
    private var next: Int

    /// Makes one.
    /// - Parameters:
    ///   - startSample: Position of the first sample: 0, or a checkpoint's ``SegmenterCheckpoint/resumeSample``.
    ///   - shortAtFirst: Shorter windows at the start of the recording, for a first chunk that is known early:
    ///     ``SegmenterConfiguration/shortFirstChunk``.
    public init(startSample: Int = 0, shortAtFirst: Bool) {
        self.startSample = startSample
        isDivided = shortAtFirst
        // The first window that has all of its warm-up; at the start of a recording there is none to be had.
        next = 0
        while SpeechWindow.hearingStart(ofWindowFrom: next) < startSample { next = nextEnd }
    }

    /// Takes the next samples and returns the windows that are complete.
    public mutating func push(_ samples: [[Int16]]) -> [WindowAudio] {
        if channels.isEmpty {
            channels = samples
        } else {
            for (channel, more) in samples.enumerated() { channels[channel] += more }
        }
        var windows: [WindowAudio] = []
        while endSample >= SpeechWindow.audible(nextEnd, isDivided: isDivided) { windows.append(take(upTo: nextEnd)) }
        return windows
    }

    /// The last window, shorter than the others.
    public mutating func finish() -> [WindowAudio] {
        var windows: [WindowAudio] = []
        while endSample > next { windows.append(take(upTo: min(nextEnd, endSample))) }
        return windows
    }

    private var nextEnd: Int { SpeechWindow.end(ofWindowFrom: next, isDivided: isDivided) }

    private var endSample: Int { startSample + (channels.first?.count ?? 0) }

    private mutating func take(upTo end: Int) -> WindowAudio {
        let first = SpeechWindow.hearingStart(ofWindowFrom: next)
        let last = min(SpeechWindow.audible(end, isDivided: isDivided), endSample)
        let audio = channels.map { Array($0[(first - startSample)..<(last - startSample)]) }
        let window = WindowAudio(range: next..<end, startSample: first, channels: audio)
        next = end
        let excess = SpeechWindow.hearingStart(ofWindowFrom: next) - startSample
        if excess > 0 {
            for channel in channels.indices { channels[channel].removeFirst(excess) }
            startSample += excess
        }
        return window
    }
}
