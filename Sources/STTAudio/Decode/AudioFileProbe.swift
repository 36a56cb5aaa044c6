/// A check of a file's header.
public enum AudioFileProbe {
    /// Opens the file as ``PCMReader`` would and returns what its header says.
    public static func inspect(
        _ path: String, filenameHint: String? = nil, limits: AudioLimits = AudioLimits()
    ) async throws(AudioError) -> AudioFormatInfo {
        let reader = try await PCMReader.open(path: path, filenameHint: filenameHint, limits: limits)
        await reader.close()
        return reader.info
    }
}
