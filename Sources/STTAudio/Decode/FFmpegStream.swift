import STTProcess

/// The floats that an ffmpeg child writes.
///
/// Concurrency: none of its own; confined to the actor that owns it. The child dies with the last reference to it.
struct FFmpegStream {
    private static let eagerReads = 64
    private static let pause = Duration.milliseconds(2)

    let child: ChildProcess
    private let stallGuard: StallGuard
    /// Of what it writes.
    let channels: Int
    private var readCount = 0
    private var pending: [UInt8] = []

    /// - Parameter mixesPairs: Of two channels the child gives the mean.
    init(
        _ programs: FFmpegPrograms, path: String, info: AudioFormatInfo, limits: AudioLimits, mixesPairs: Bool = false
    ) async throws(AudioError) {
        channels = mixesPairs && info.channels == 2 ? 1 : info.channels
        let seconds = Int(min(limits.maximumDuration.components.seconds, 1 << 31)) + 2
        do {
            child = try await ChildProcess.start(
                programs.decode(
                    path, sampleRate: info.sampleRate, channels: info.channels, seconds: seconds,
                    mixesPairs: mixesPairs))
        } catch {
            throw FFmpegError.start(error)
        }
        stallGuard = StallGuard(child, limit: limits.stallLimit)
    }

    /// Whether the child was ended because it gave nothing.
    var hasStalled: Bool { stallGuard.hasStalled }

    /// The next bytes; `nil` at the end, or when the task is cancelled.
    ///
    /// After the first ones the child is left alone for a moment before each reading: to be woken for every 32 KiB that it
    /// writes costs more than to decode them.
    mutating func bytes() async throws(ProcessError) -> [UInt8]? {
        readCount += 1
        // Where the task is cancelled, the reading is.
        if readCount > Self.eagerReads { try? await Task.sleep(for: Self.pause) }
        stallGuard.begin()
        defer { stallGuard.end() }
        let child = child
        let result: Result<[UInt8]?, ProcessError> = await withTaskCancellationHandler {
            do throws(ProcessError) {
                return .success(try await child.readOutput(upTo: 1 << 20))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            child.kill()
        }
        return try result.get()
    }

    /// Makes of bytes what is wanted of their whole frames, and keeps the rest for the next call.
    mutating func lanes(_ bytes: [UInt8], output: PCMReader.Channels) -> [[Float]] {
        let bytes = pending.isEmpty ? bytes : pending + bytes
        let frameSize = channels * MemoryLayout<Float>.size
        let whole = bytes.count / frameSize * frameSize
        pending = Array(bytes[whole...])
        return bytes.withUnsafeBytes { buffer in
            // An array's storage is aligned for any number.
            let floats = UnsafeRawBufferPointer(rebasing: buffer[..<whole]).bindMemory(to: Float.self)
            return Downmix.lanes(floats, channels: channels, output: output)
        }
    }
}
