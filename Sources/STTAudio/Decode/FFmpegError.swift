import STTProcess

/// Turns what ffmpeg and ffprobe say into this module's errors.
enum FFmpegError {
    /// A program could not be started, or was cancelled.
    static func start(_ error: ProcessError) -> AudioError {
        switch error.code {
        case .cancelled:
            return AudioError(.cancelled, "Reading the audio was cancelled.")
        case .notFound, .notExecutable:
            return AudioError(
                .unsupportedCodec, "This format needs ffmpeg, which cannot be run. Install ffmpeg.",
                cause: error.message)
        case .noResources, .inputClosed, .inputOutput:
            return AudioError(.unreadable, "ffmpeg could not be run. Try again.", cause: error.message)
        }
    }

    /// A file was not opened.
    static func refusal(_ message: String, name: FileName) -> AudioError {
        let cause = message.isEmpty ? nil : withoutAddresses(message)
        if message.contains("moov atom not found") {
            return AudioError(
                .truncated,
                "\(name.subject) is an MP4 without its index: the upload or the recording was cut off. Send the whole file.",
                cause: cause)
        }
        if message.contains("not on whitelist") {
            return AudioError(
                .unsupportedCodec,
                "\(name.subject) is in a format that is not accepted. Convert it to WAV, FLAC or Opus.",
                cause: cause)
        }
        if message.contains("does not contain any stream") {
            return AudioError(
                .noAudioTrack, "\(name.subject) has no audio track. Send a file with sound.", cause: cause)
        }
        // "Input/output error" is what demuxers say of damaged files. This one has been opened and read before.
        if message.contains("Permission denied") || message.contains("No such file") {
            return AudioError(.unreadable, "ffmpeg cannot read the file. Check its permissions.", cause: cause)
        }
        if message.contains("Decoder not found") || message.contains("Could not find codec parameters") {
            return AudioError(
                .unsupportedCodec,
                "\(name.subject) holds audio that this ffmpeg cannot decode. Convert it to WAV, FLAC or Opus.",
                cause: cause)
        }
        return AudioError(
            .notAudio, "\(name.subject) is not audio that can be recognised. Send WAV, FLAC, Opus, MP3 or M4A.",
            cause: cause)
    }

    /// Whether ffmpeg noticed that the file ends early.
    static func reportsEarlyEnd(_ message: String) -> Bool {
        ["File ended prematurely", "partial file", "Truncat", "truncat"].contains { message.contains($0) }
    }

    /// The last line without the memory addresses that ffmpeg puts in.
    static func withoutAddresses(_ message: String) -> String {
        let last = message.split(whereSeparator: \.isNewline).suffix(2).joined(separator: "; ")
        return last.replacing(#/ @ 0x[0-9a-f]+/#, with: "")
    }
}
