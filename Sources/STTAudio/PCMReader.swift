/// Reads an audio file as 16 kHz mono PCM, block by block.
public actor PCMReader {
    /// What the file says about itself.
    public nonisolated let info: AudioFormatInfo
    /// What was found to be wrong and accepted, so far. Complete once ``next()`` has returned `nil`.
    public private(set) var warnings: [AudioError] = []

    private init(info: AudioFormatInfo) { self.info = info }

    /// Opens a file and checks its header.
    ///
    /// - Parameters:
    ///   - path: The file; it may have any name.
    ///   - filenameHint: The name the file had at the client's, for messages only.
    ///   - limits: What to accept.
    public static func open(
        path: String, filenameHint: String? = nil, limits: AudioLimits = AudioLimits()
    ) async throws(AudioError) -> PCMReader {
        throw AudioError(.unreadable, "not written yet")
    }

    /// The next samples, about one second of them, or `nil` at the end.
    ///
    /// The last error repeats: after a throw every further call throws it again.
    public func next() async throws(AudioError) -> [Int16]? { nil }

    /// The next samples with their position, or `nil` at the end.
    public func nextBlock() async throws(AudioError) -> PCMBlock? { nil }

    /// Releases the file and ends a decoder process now rather than when the reader is released. Idempotent.
    public func close() async {}
}
