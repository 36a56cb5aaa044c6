/// Why audio could not be read.
///
/// ``code`` is stable: programs match on it. ``message`` says what was found and what a person can do about it.
public struct AudioError: Error, Sendable, Equatable {
    /// The stable identity of an error, as it appears in job errors and logs.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The file has no bytes.
        case empty = "audio.empty"
        /// The header is valid, but there are no samples behind it.
        case noSamples = "audio.noSamples"
        /// The file is not audio: text, an image, random bytes.
        case notAudio = "audio.notAudio"
        /// The file ends before what its header promises.
        case truncated = "audio.truncated"
        /// The decoder gave up in the middle of the file, or would leave out what is damaged.
        case corrupt = "audio.corrupt"
        /// The audio is longer than ``AudioLimits/maximumDuration``.
        case tooLong = "audio.tooLong"
        /// The file is larger than ``AudioLimits/maximumBytes``.
        case tooLarge = "audio.tooLarge"
        /// No decoder on this machine reads this format, or its rate or number of channels is out of range.
        case unsupportedCodec = "audio.unsupportedCodec"
        /// A container without an audio track.
        case noAudioTrack = "audio.noAudioTrack"
        /// The file could not be opened or read.
        case unreadable = "audio.unreadable"
        /// The task that was reading has been cancelled.
        case cancelled = "audio.cancelled"
    }

    /// What went wrong.
    public let code: Code
    /// What was found and what to do about it, in one or two sentences.
    public let message: String
    /// What the decoder or the operating system said, where there is such a text.
    public let cause: String?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension AudioError: CustomStringConvertible {
    /// The code, the message and the cause on one line.
    public var description: String {
        let text = "\(code.rawValue): \(message)"
        return cause.map { "\(text) (\($0))" } ?? text
    }
}
