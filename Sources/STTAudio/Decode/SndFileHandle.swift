import CSndFile

/// A file opened with libsndfile.
///
/// Concurrency: none of its own; confined to the actor that owns it.
final class SndFileHandle {
    let info: AudioFormatInfo
    /// Whether samples have 16 bits, so that they can be read as such without a loss.
    let hasShortSamples: Bool
    private let handle: OpaquePointer
    private let source: VirtualFile

    /// Why libsndfile did not open a file.
    struct Refusal: Error {
        /// What it said.
        var reason: String
    }

    /// - Parameter trustsLength: whether the frame count in the header is more than an estimate.
    init(_ source: VirtualFile, trustsLength: Bool) throws(Refusal) {
        var info = SF_INFO()
        var callbacks = VirtualFile.callbacks
        let argument = Unmanaged.passUnretained(source).toOpaque()
        guard let handle = sf_open_virtual(&callbacks, Int32(SFM_READ), &info, argument) else {
            throw Refusal(reason: Self.message(nil))
        }
        source.isOpening = false
        self.handle = handle
        self.source = source
        hasShortSamples = Int(info.format) & Int(SF_FORMAT_SUBMASK) == Int(SF_FORMAT_PCM_16)
        let frames = trustsLength && info.frames < .max ? Int(info.frames) : nil
        self.info = AudioFormatInfo(
            formatName: SndFileFormat.name(info.format), sampleRate: Int(info.samplerate), channels: Int(info.channels),
            frameCount: frames, decoder: .sndfile)
    }

    deinit { sf_close(handle) }

    /// Whether the decoder has seen all bytes of the file.
    var isAtEndOfFile: Bool { source.isAtEnd }

    /// Whether an MPEG decoder gave up before the last frame, not at what follows it.
    func leavesMPEGFrames() throws(AudioError) -> Bool { try source.hasMoreMPEGFrames() }

    /// Reads frames into a buffer of whole frames; 0 at the end.
    func read(into buffer: UnsafeMutableBufferPointer<Float>) -> Int {
        max(0, Int(sf_readf_float(handle, buffer.baseAddress, sf_count_t(buffer.count / info.channels))))
    }

    /// Reads frames as they are into a buffer of whole frames; 0 at the end.
    func read(into buffer: UnsafeMutableBufferPointer<Int16>) -> Int {
        max(0, Int(sf_readf_short(handle, buffer.baseAddress, sf_count_t(buffer.count / info.channels))))
    }

    /// What went wrong in reading so far: the file system's error or the decoder's.
    var failure: (fileError: AudioError?, decoderMessage: String?) {
        (source.failure, sf_error(handle) == 0 ? nil : Self.message(handle))
    }

    private static func message(_ handle: OpaquePointer?) -> String {
        sf_strerror(handle).map { String(cString: $0) } ?? "unknown error of libsndfile"
    }
}
