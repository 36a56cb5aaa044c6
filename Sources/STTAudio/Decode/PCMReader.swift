/// Reads an audio file as 16 kHz PCM, block by block, holding a few seconds of it.
///
/// Channels are mixed to their mean or kept apart; the rate is changed with libsoxr's high quality; samples are rounded to
/// nearest and clipped. libsndfile decodes WAV, RF64, W64, AIFF, AU, CAF, IRCAM, FLAC, Ogg (Vorbis, Opus) and MP3;
/// everything else, and Ogg of more than five minutes where it is installed, goes through `ffmpeg` as a child process.
///
/// Concurrency: a handle on an actor that runs on a thread pool of its own, so nothing here blocks the cooperative pool.
/// Calls of ``next()`` are to be made one after another.
public struct PCMReader: Sendable {
    /// What becomes of a file's channels.
    public enum Channels: Sendable, Hashable {
        /// Their mean, in one array.
        case mixed
        /// Each in an array of its own, in the file's order. A mono file has one. More than
        /// ``PCM/maximumSeparateChannels`` are refused with ``AudioError/Code/unsupportedCodec``.
        case separate
    }

    /// What the file says about itself.
    public let info: AudioFormatInfo
    private let decoder: AudioDecoder

    /// Opens a file and checks its header.
    ///
    /// - Parameters:
    ///   - path: The file; it may have any name.
    ///   - filenameHint: The name the file had at the client's, for messages only.
    ///   - limits: What to accept.
    ///   - channels: Whether ``next()`` gives one array or one for each channel.
    public static func open(
        path: String, filenameHint: String? = nil, limits: AudioLimits = AudioLimits(), channels: Channels = .mixed
    ) async throws(AudioError) -> PCMReader {
        let decoder = AudioDecoder(name: FileName(filenameHint), limits: limits, channels: channels)
        return PCMReader(info: try await decoder.open(path: path), decoder: decoder)
    }

    /// How many files that are growing can be read at once; further ones may wait for each other.
    public static let maximumGrowing = 64

    /// Opens a file that is still being received. It yields what ``open(path:filenameHint:limits:channels:)`` yields of
    /// the whole file, as the bytes come.
    ///
    /// - Throws: ``AudioError/Code/unreadable`` also where only the whole file can be decoded, and so does ``next()``.
    public static func open(
        growing file: GrowingFile, filenameHint: String? = nil, limits: AudioLimits = AudioLimits(),
        channels: Channels = .mixed
    ) async throws(AudioError) -> PCMReader {
        let decoder = AudioDecoder(
            name: FileName(filenameHint), limits: limits, channels: channels, executor: DecodingExecutor(pool: .waiting)
        )
        return PCMReader(info: try await decoder.open(InputFile(file)), decoder: decoder)
    }

    /// Whether a file that starts like this can be decoded from its start, without its end.
    /// - Parameter bytes: The first 64 KiB, or all where it has fewer.
    public static func canReadGrowing(_ bytes: [UInt8]) -> Bool {
        switch FileSignature(bytes) {
        case .wav, .aiff, .au, .flac, .mpeg: true
        case .ogg, .sndfile, .ffmpeg, .mp4, .notAudio, .playlist, .unknown: false
        }
    }

    /// What was found to be wrong and accepted, so far. Complete once ``next()`` has returned `nil`.
    public var warnings: [AudioError] {
        get async { await decoder.warnings }
    }

    /// The next samples, one second of them or a few more, at the end less, or `nil` after the last: one array, or one for each
    /// channel where they are kept apart, all of the same length.
    ///
    /// Ends at once with ``AudioError/Code/cancelled`` when the task is cancelled. An error is final: every further call
    /// throws it again.
    public func next() async throws(AudioError) -> [[Int16]]? {
        try await decoder.next()?.channels
    }

    /// ``next()`` for a reader that mixes: the one array. Of separate channels it is the first.
    public func nextMono() async throws(AudioError) -> [Int16]? {
        try await decoder.next()?.samples
    }

    /// The next samples with their position, or `nil` after the last. For the rest like ``next()``.
    public func nextBlock() async throws(AudioError) -> PCMBlock? {
        try await decoder.next()
    }

    /// Releases the file and ends a decoder process now rather than when the reader is released. Idempotent; ``next()``
    /// then gives what had been decoded, and `nil`.
    public func close() async {
        await decoder.close()
    }
}
