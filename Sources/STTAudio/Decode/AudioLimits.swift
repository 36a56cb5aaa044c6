/// What a reader accepts.
public struct AudioLimits: Sendable, Equatable {
    /// What to do with a file that holds less audio than its header promises, or an Ogg file of which pages are damaged.
    public enum TruncatedInput: Sendable, Equatable {
        /// Fail with ``AudioError/Code/truncated`` or ``AudioError/Code/corrupt``: a client that sent half a file wants to
        /// know.
        case reject
        /// Read what is there and add the error to ``PCMReader/warnings``.
        case acceptWithWarning
    }

    /// The longest audio accepted, checked against the header where that can be trusted and always while decoding.
    public var maximumDuration: Duration
    /// The largest file accepted, in bytes.
    public var maximumBytes: Int
    /// The policy for files that end early.
    public var truncatedInput: TruncatedInput
    /// The `ffmpeg` program: a path, or a name looked up in `PATH`. `nil` turns the fallback off.
    public var ffmpeg: String?
    /// The `ffprobe` program: a path, or a name looked up in `PATH`. Must come with ``ffmpeg``.
    public var ffprobe: String?
    /// For how long `ffmpeg` may give nothing before it is ended and reading fails with ``AudioError/Code/unreadable``.
    public var stallLimit: Duration
    /// Ogg recordings longer than this are decoded by `ffmpeg`.
    var longRecording: Duration = .seconds(300)

    /// Makes limits; the defaults are 24 hours, 4 GiB, the fallback on, and a minute.
    public init(
        maximumDuration: Duration = .seconds(24 * 3600),
        maximumBytes: Int = 4 << 30,
        truncatedInput: TruncatedInput = .reject,
        ffmpeg: String? = "ffmpeg",
        ffprobe: String? = "ffprobe",
        stallLimit: Duration = .seconds(60)
    ) {
        self.maximumDuration = maximumDuration
        self.maximumBytes = maximumBytes
        self.truncatedInput = truncatedInput
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
        self.stallLimit = stallLimit
    }
}
