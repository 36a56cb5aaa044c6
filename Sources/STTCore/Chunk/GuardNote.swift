/// Something a quality guard did to a part of a chunk.
public struct GuardNote: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A segment was left out: Whisper itself takes it for silence. ``GuardNote/detail`` is its text.
        case droppedNoSpeech = "dropped_no_speech"
        /// A segment was left out: the audio beneath it is silent. ``GuardNote/detail`` is its text.
        case droppedSilentAudio = "dropped_silent_audio"
        /// The engine ran again at a higher temperature. ``GuardNote/detail`` says why.
        case retriedTemperature = "retried_temperature"
        /// The engine ran again with its full window. ``GuardNote/detail`` says why.
        case retriedFullWindow = "retried_full_window"
        /// The engine ran on each half of the audio by itself, and found more. ``GuardNote/detail`` says why.
        case retriedHalves = "retried_halves"
        /// Every attempt looped; what was repeated stays once.
        case collapsedLoop = "collapsed_loop"
    }

    public var kind: Kind
    public var startMilliseconds: Int
    public var endMilliseconds: Int
    /// One line, at most 200 bytes of UTF-8.
    public var detail: String

    public init(kind: Kind, startMilliseconds: Int, endMilliseconds: Int, detail: String) {
        self.kind = kind
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.detail = detail
    }
}

/// Why a segment's text may be wrong. A flagged segment stays in the transcript.
public enum SegmentFlag: String, Sendable, Hashable, Codable, CaseIterable {
    /// The text is one of those that Whisper is known to make up over noise, such as "Thanks for watching!".
    case knownHallucination = "known_hallucination"
    /// The engine was guessing: mean log probability below the limit.
    case lowProbability = "low_probability"
    /// The text was in a loop that no attempt broke.
    case repetition
    /// More words than anybody says in the time.
    case implausibleRate = "implausible_rate"
}
