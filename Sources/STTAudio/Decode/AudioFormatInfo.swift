/// What a file says about its audio.
public struct AudioFormatInfo: Sendable, Equatable {
    /// Who decodes the file.
    public enum Decoder: String, Sendable, Codable {
        /// libsndfile, in this process.
        case sndfile
        /// `ffmpeg`, as a child process.
        case ffmpeg
    }

    /// Container and codec, such as `WAV/PCM_16` or `m4a/aac`.
    public var formatName: String
    /// Sample rate of the file, in Hz.
    public var sampleRate: Int
    /// Number of channels in the file.
    public var channels: Int
    /// Length in frames at ``sampleRate`` as the header states it; `nil` where it is unknown or only an estimate.
    public var frameCount: Int?
    /// Who decodes the file.
    public var decoder: Decoder

    /// Makes a description.
    public init(formatName: String, sampleRate: Int, channels: Int, frameCount: Int?, decoder: Decoder) {
        self.formatName = formatName
        self.sampleRate = sampleRate
        self.channels = channels
        self.frameCount = frameCount
        self.decoder = decoder
    }

    /// Length as the header states it; `nil` where it is unknown.
    public var duration: Duration? {
        guard let frameCount, sampleRate > 0 else { return nil }
        return .seconds(Double(frameCount) / Double(sampleRate))
    }
}
