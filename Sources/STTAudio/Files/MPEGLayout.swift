/// Where the audio of an MPEG file starts and how long its Xing header says it is.
struct MPEGLayout: Equatable {
    /// The first byte to decode.
    var firstByte: Int
    /// The byte after the last frame; tags and junk follow, at which libmpg123 would stumble.
    var endByte: Int
    /// Whether the stated length can be relied on. Otherwise the decoder must not be told how long the file is: libmpg123
    /// would estimate the length from the first frame, and libsndfile would stop there.
    var hasReliableLength: Bool
    /// Bytes that the Xing header promises and the file has not.
    var missingBytes: Int

    /// The last part of a file, where it is looked for the end of the frames.
    static let tailLength = 256 * 1024
    /// More than this behind what a Xing header counts may be another file.
    private static let longestTag = 64 * 1024

    init(_ file: InputFile, firstFrame: Int) throws(AudioError) {
        let end = try Self.endOfFrames(file, from: firstFrame)
        try self.init(file, firstFrame, end: end) { end throws(AudioError) in
            ByteReader(bytes: try file.bytes(at: end, count: 4))
        }
    }

    /// The layout of a file whose end has not come yet, as it is if nothing but tags follows the frames that its Xing
    /// header counts. `nil` where that cannot be foreseen.
    init?(foreseeing file: InputFile, firstFrame: Int) throws(AudioError) {
        var isForeseeable = true
        try self.init(file, firstFrame, end: file.size) { end throws(AudioError) in
            // Where nobody knows the end yet, it is compared with what was foreseen once it is there.
            if !file.hasOpenEnd, file.size - end > Self.longestTag { isForeseeable = false }
            return ByteReader(bytes: [])
        }
        guard isForeseeable else { return nil }
        if hasReliableLength, let promised = promisedEnd { endByte = min(promised, file.size) }
    }

    /// The byte after the frames that the Xing header counts, where it counts them rightly.
    private var promisedEnd: Int?

    func isSame(asForeseen layout: MPEGLayout) -> Bool {
        firstByte == layout.firstByte && hasReliableLength == layout.hasReliableLength
    }

    private init(
        _ file: InputFile, _ firstFrame: Int, end: Int, following: (_ end: Int) throws(AudioError) -> ByteReader
    ) throws(AudioError) {
        firstByte = firstFrame
        endByte = end
        hasReliableLength = false
        missingBytes = 0
        let reader = ByteReader(bytes: try file.bytes(at: firstFrame, count: 4096))
        guard let frame = MPEGFrame(reader, at: 0), frame.layer == 3 else { return }
        let tag = 4 + (frame.version == 1 ? (frame.isMono ? 17 : 32) : (frame.isMono ? 9 : 17))
        guard ["Xing", "Info"].contains(reader.ascii(tag, 4)), let flags = reader.bigEndian(tag + 4, 4) else { return }
        guard flags & 3 == 3, let promised = reader.bigEndian(tag + 12, 4), promised > 0 else {
            firstByte += frame.length
            return
        }
        let present = file.size - firstFrame
        let next = try following(firstFrame + promised)
        if present < promised - max(promised / 100, frame.length) {
            missingBytes = promised - present
        } else if !next.starts(with: "ID3"), MPEGFrame(next, at: 0).map(frame.matches) != true {
            hasReliableLength = true
            promisedEnd = firstFrame + promised
            return
        }
        // The header counts other frames than the file has: cut off, or several files in a row. Skip it.
        firstByte += frame.length
    }

    /// Follows the frames in the last part of the file to where they end.
    private static func endOfFrames(_ file: InputFile, from firstFrame: Int) throws(AudioError) -> Int {
        try file.waitForEnd()
        let start = max(firstFrame, file.size - tailLength)
        let reader = ByteReader(bytes: try file.bytes(at: start, count: file.size - start))
        guard var offset = MPEGFrame.first(in: reader, from: 0) else { return file.size }
        while offset < reader.bytes.count {
            if let frame = MPEGFrame(reader, at: offset) {
                offset += frame.length
            } else if let next = MPEGFrame.first(in: reader, from: offset) {
                offset = next
            } else {
                return start + offset
            }
        }
        return file.size
    }
}
