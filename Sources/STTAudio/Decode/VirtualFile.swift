import CSndFile
import Glibc

/// What libsndfile sees of a file: from some byte on, with some header bytes replaced, and with or without a length.
///
/// Concurrency: none of its own; confined to the handle that owns it.
final class VirtualFile {
    private static let bufferSize = 64 * 1024
    /// Bytes of an ID3v1 tag.
    private static let tagLength = 128
    /// Bytes of a file whose end nobody knows that are not read yet, since they may be tags behind the last frame.
    private static let heldBack = 8 * 1024

    private let file: InputFile
    private let firstByte: Int
    private var endByte: Int
    /// Finds out where the file ends. `nil` where that is known.
    private var findEnd: FindEnd?
    private let hasLength: Bool
    private let patch: (offset: Int, bytes: [UInt8])?
    /// Whether a read may give fewer bytes than it was asked for, rather than wait for those that have not come.
    private let yieldsWhatIsThere: Bool
    private var position = 0
    private var buffer: [UInt8] = []
    private var bufferStart = 0
    /// Until the file is open, the end of one that is growing is not waited for: libmpg123 looks there for a tag.
    var isOpening = true
    /// The first error of reading the file. libsndfile sees the end of the file in its place.
    private(set) var failure: AudioError?

    /// - Parameters:
    ///   - firstByte: Where the file starts for libsndfile.
    ///   - endByte: Where it ends; `nil` is the end of the file.
    ///   - hasLength: `false` hides the length, so that the file is decoded to its end whatever an estimate says.
    ///   - patch: Bytes in place of the file's own, at an offset from `firstByte`.
    ///   - yieldsWhatIsThere: For decoders that take fewer bytes than they asked for as what there is for now.
    init(
        _ file: InputFile, firstByte: Int = 0, endByte: Int? = nil, hasLength: Bool = true,
        patch: (offset: Int, bytes: [UInt8])? = nil, yieldsWhatIsThere: Bool = false
    ) {
        self.yieldsWhatIsThere = yieldsWhatIsThere
        self.file = file
        self.firstByte = firstByte
        self.endByte = max(endByte ?? file.size, firstByte)
        self.hasLength = hasLength
        self.patch = patch
    }

    typealias FindEnd = () throws(AudioError) -> Int

    /// MPEG frames.
    /// - Parameter findEnd: Finds the end of the frames of a file whose end has not come yet; called when what is to be
    ///   read lies in its last part.
    convenience init(_ file: InputFile, _ layout: MPEGLayout, findEnd: FindEnd? = nil) {
        self.init(file, firstByte: layout.firstByte, endByte: layout.endByte, hasLength: layout.hasReliableLength)
        self.findEnd = findEnd
    }

    /// Whether everything has been read.
    var isAtEnd: Bool { position >= min(length, file.size - firstByte) }

    /// Whether MPEG frames follow what has been read, rather than tags or junk.
    func hasMoreMPEGFrames() throws(AudioError) -> Bool {
        var offset = firstByte + position
        while offset < endByte {
            let reader = ByteReader(bytes: try file.bytes(at: offset, count: Self.bufferSize))
            if MPEGFrame.first(in: reader, from: 0) != nil { return true }
            if reader.bytes.count < Self.bufferSize { return false }
            // Windows overlap by more than the longest frame.
            offset += Self.bufferSize - 4096
        }
        return false
    }

    private var length: Int { endByte - firstByte }

    /// The functions for `sf_open_virtual`; their argument is this object, unretained.
    static let callbacks = SF_VIRTUAL_IO(
        get_filelen: { argument in VirtualFile.from(argument)?.reportedLength ?? -1 },
        seek: { offset, origin, argument in VirtualFile.from(argument)?.seek(offset, origin) ?? -1 },
        read: { target, count, argument in VirtualFile.from(argument)?.read(target, Int(count)) ?? 0 },
        write: nil,
        tell: { argument in sf_count_t(VirtualFile.from(argument)?.position ?? -1) })

    private static func from(_ argument: UnsafeMutableRawPointer?) -> VirtualFile? {
        argument.map { Unmanaged<VirtualFile>.fromOpaque($0).takeUnretainedValue() }
    }

    private var reportedLength: sf_count_t { hasLength ? sf_count_t(length) : .max }

    private func seek(_ offset: sf_count_t, _ origin: Int32) -> sf_count_t {
        let target: Int
        switch origin {
        case SEEK_SET: target = Int(offset)
        case SEEK_CUR: target = position + Int(offset)
        case SEEK_END where hasLength: target = length + Int(offset)
        default: return -1
        }
        guard target >= 0 else { return -1 }
        position = target
        return sf_count_t(position)
    }

    private func read(_ target: UnsafeMutableRawPointer?, _ count: Int) -> sf_count_t {
        guard let target, count > 0, failure == nil else { return 0 }
        var filled = 0
        while filled < count {
            if position < bufferStart || position >= bufferStart + buffer.count {
                if yieldsWhatIsThere, !isOpening, filled > 0 { break }
                guard refill(), !buffer.isEmpty else { break }
            }
            let from = position - bufferStart
            let portion = min(count - filled, buffer.count - from)
            buffer.withUnsafeBytes { source in
                if let base = source.baseAddress { memcpy(target + filled, base + from, portion) }
            }
            filled += portion
            position += portion
        }
        return sf_count_t(filled)
    }

    /// Whether what is to be read lies in the last part of the file.
    private func isNearEnd() throws(AudioError) -> Bool {
        guard file.hasOpenEnd else {
            return firstByte + position + Self.bufferSize > file.size - MPEGLayout.tailLength
        }
        if isOpening { return false }
        // Nothing is left of what was foreseen, or nothing more has come.
        if position >= length { return true }
        return try file.ends(before: firstByte + position + Self.heldBack + 1)
    }

    private func refill() -> Bool {
        bufferStart = position
        var heldBack = 0
        do {
            if let findEnd {
                if file.hasOpenEnd, !isOpening { heldBack = Self.heldBack }
                if isOpening, length - position <= Self.tagLength {
                    buffer = [UInt8](repeating: 0, count: max(0, length - position))
                    return true
                }
                if try isNearEnd() {
                    endByte = max(try findEnd(), firstByte)
                    self.findEnd = nil
                    heldBack = 0
                }
            }
            buffer = try file.bytesThere(
                at: firstByte + position, upTo: min(Self.bufferSize, length - position), exceptLast: heldBack)
        } catch {
            failure = error
            buffer = []
            return false
        }
        if let patch {
            for (index, byte) in patch.bytes.enumerated() {
                let at = patch.offset + index - bufferStart
                if buffer.indices.contains(at) { buffer[at] = byte }
            }
        }
        return true
    }
}
