/// A file that libsndfile decodes: blocks of the channels that are wanted, at the file's own rate.
///
/// Concurrency: an actor on an executor of its own, so that a block is decoded while the one before it is resampled.
/// Everything of libsndfile's is confined to it.
actor SndFileSource {
    /// What the channels of a block are: their mean, or each of them.
    typealias Lanes = [[Float]]

    /// What is known once there is no more to read.
    struct Ending {
        var frameCount: Int
        var fileError: AudioError?
        var decoderMessage: String?
        /// Whether the decoder has seen all bytes of the file.
        var isAtEndOfFile: Bool
        /// Whether an MPEG decoder only stumbled over what follows the last frame.
        var isHarmless: Bool
    }

    enum Step {
        case block(Lanes)
        case end(Ending)
        case failure(AudioError)
    }

    struct Opening {
        var info: AudioFormatInfo
        /// Bytes that the file has too few for what its header promises.
        var missingBytes: Int
    }

    /// Short blocks at first, so that the first chunk is early; then longer ones, because handing a block over costs as
    /// much as resampling a second.
    private static let secondsPerBlock = (first: 1, later: 4)
    private static let firstSeconds = 60
    /// In values; of two channels at 48 kHz it is more than four seconds.
    private static let largestBlock = 1 << 19

    /// What is there of a growing file is not to wait for seconds of what is to come.
    private static let blocksPerSecondOfGrowing = 8

    private nonisolated let executor: DecodingExecutor
    /// `nil`: blocks of whole seconds.
    private let blocksPerSecond: Int?
    private let channels: PCMReader.Channels
    private var opened: SndFileOpener.Opened?
    private var integers: [Int16] = []
    private var floats: [Float] = []
    private var frameCount = 0
    /// The decoder's first complaint: it forgets it at the next call, and might go on behind what it has lost.
    private var complaint: String?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter isGrowing: Whether reading may wait for bytes that are still to come.
    init(channels: PCMReader.Channels, isGrowing: Bool = false) {
        self.channels = channels
        blocksPerSecond = isGrowing ? Self.blocksPerSecondOfGrowing : nil
        executor = DecodingExecutor(pool: isGrowing ? .waiting : .shared)
    }

    func open(
        _ file: InputFile, name: FileName, as signature: FileSignature
    ) throws(SndFileOpener.Failure) -> Opening {
        let opened = try SndFileOpener(file: file, name: name).open(signature)
        self.opened = opened
        return Opening(info: opened.handle.info, missingBytes: opened.missingBytes)
    }

    /// The next block, or how the file ends. Not to be called again after that.
    func next() -> Step {
        guard let opened else { return .failure(AudioError(.unreadable, "The file is not open.")) }
        let handle = opened.handle
        if complaint == nil, let lanes = handle.hasShortSamples ? readShorts(handle) : readFloats(handle) {
            // Of MPEG audio it finds the next frame by itself.
            if !opened.isMPEG { complaint = handle.failure.decoderMessage }
            return .block(lanes)
        }
        self.opened = nil
        integers = []
        floats = []
        do {
            return .end(try ending(of: opened))
        } catch {
            return .failure(error)
        }
    }

    private func readShorts(_ handle: SndFileHandle) -> Lanes? {
        let count = bufferCount(handle.info)
        if integers.count < count { integers = [Int16](repeating: 0, count: count) }
        let frames = integers.withUnsafeMutableBufferPointer { handle.read(into: $0) }
        return lanes(integers, frames: frames, of: handle.info.channels)
    }

    private func readFloats(_ handle: SndFileHandle) -> Lanes? {
        let count = bufferCount(handle.info)
        if floats.count < count { floats = [Float](repeating: 0, count: count) }
        let frames = floats.withUnsafeMutableBufferPointer { handle.read(into: $0) }
        return lanes(floats, frames: frames, of: handle.info.channels)
    }

    private func bufferCount(_ info: AudioFormatInfo) -> Int {
        if let blocksPerSecond { return max(1, info.sampleRate / blocksPerSecond) * info.channels }
        let isEarly = frameCount < info.sampleRate * Self.firstSeconds
        let seconds = isEarly ? Self.secondsPerBlock.first : Self.secondsPerBlock.later
        return min(info.sampleRate * seconds, Self.largestBlock / info.channels) * info.channels
    }

    private func lanes(_ interleaved: [some DownmixSample], frames: Int, of count: Int) -> Lanes? {
        guard frames > 0 else { return nil }
        frameCount += frames
        return interleaved.withUnsafeBufferPointer {
            Downmix.lanes(UnsafeBufferPointer(rebasing: $0[..<(frames * count)]), channels: count, output: channels)
        }
    }

    private func ending(of opened: SndFileOpener.Opened) throws(AudioError) -> Ending {
        if opened.handle.failure.fileError == nil { try opened.confirm?() }
        let (fileError, lastMessage) = opened.handle.failure
        let message = complaint ?? lastMessage
        var isHarmless = false
        if fileError == nil, message != nil, opened.isMPEG { isHarmless = !(try opened.handle.leavesMPEGFrames()) }
        return Ending(
            frameCount: frameCount, fileError: fileError, decoderMessage: message,
            isAtEndOfFile: opened.handle.isAtEndOfFile, isHarmless: isHarmless)
    }
}
