import STTProcess

/// The floats that an ffmpeg child writes.
///
/// Concurrency: none of its own; confined to the actor that owns it. The child dies with the last reference to it.
struct FFmpegStream {
    let child: ChildProcess
    private let channels: Int
    private var pending: [UInt8] = []

    init(_ programs: FFmpegPrograms, path: String, info: AudioFormatInfo, limits: AudioLimits) async throws(AudioError)
    {
        channels = info.channels
        let seconds = Int(min(limits.maximumDuration.components.seconds, 1 << 31)) + 2
        do {
            child = try await ChildProcess.start(
                programs.decode(path, sampleRate: info.sampleRate, channels: info.channels, seconds: seconds))
        } catch {
            throw FFmpegError.start(error)
        }
    }

    /// Turns bytes into whole frames of interleaved floats and keeps the rest for the next call.
    mutating func frames(_ bytes: [UInt8]) -> [Float] {
        pending += bytes
        let frameSize = channels * MemoryLayout<Float>.size
        let count = pending.count / frameSize * channels
        let floats = pending.withUnsafeBytes { source in
            [Float](unsafeUninitializedCapacity: count) { target, filled in
                UnsafeMutableRawBufferPointer(target).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[..<(count * MemoryLayout<Float>.size)]))
                filled = count
            }
        }
        pending.removeFirst(count * MemoryLayout<Float>.size)
        return floats
    }
}
