/// Whether all pages of an Ogg file are there and whole.
///
/// Decoders leave out a damaged page and go on behind it without a word. Pages are numbered in each stream and have
/// checksums, so what is missing can be told.
struct OggPages {
    /// The bytes where something is missing: behind the last whole page before it, and up to the next one.
    typealias Damage = Range<Int>

    private struct Page {
        var end: Int
        var serial: Int
        var number: Int
        var position: Int
        var isFirst: Bool
        var isLast: Bool
        /// Of a first page: its codec's name and what it says of rate and channels.
        var format: [UInt8]?
    }

    private struct Stream {
        var nextNumber: Int
        /// A live stream's recording goes on from its headers to wherever the listener came in.
        var isInHeaders: Bool
        var isEnded: Bool
    }

    private static let capture = Array("OggS".utf8)
    private static let headerLength = 27
    /// How first pages of sound begin, and how many of their bytes tell rate and channels.
    private static let audioMarks = [
        ("\u{1}vorbis", 16), ("OpusHead", 10), ("Speex   ", 52), ("\u{7f}FLAC", 30), ("fLaC", 22),
    ]
    /// What looks like a page and is none costs the time of the longest page.
    private static let mostCandidates = 1000

    /// Whether further recordings follow the first, as they do in a radio's: libsndfile reads no more than that.
    private(set) var isChained = false
    /// Whether those are of one codec, rate and number of channels. ffmpeg takes the first one's for granted.
    private(set) var hasOneFormat = true
    /// The first damage by which sound is lost. Bytes between pages that hide none are harmless, and so is what follows the
    /// end that the file itself marks. `nil` also where there is not one whole first page of a stream of sound.
    private(set) var damage: Damage?

    private let file: InputFile
    /// Streams of sound, by their serial numbers.
    private var streams: [Int: Stream] = [:]
    /// Of the first one.
    private var format: [UInt8]?

    /// Reads all of a file.
    init(_ file: InputFile) throws(AudioError) {
        self.file = file
        damage = try findDamage()
    }

    private mutating func findDamage() throws(AudioError) -> Damage? {
        var (lastEnd, offset, candidates) = (0, 0, 0)
        while offset < file.size, candidates < Self.mostCandidates {
            guard let page = try page(at: offset) else {
                candidates += 1
                offset = try nextCapture(from: offset + 1)
                continue
            }
            if isMissing(before: page, hasBytesBefore: offset > lastEnd) { return lastEnd..<offset }
            (lastEnd, offset) = (page.end, page.end)
        }
        return file.size > lastEnd && hasOpenStream ? lastEnd..<file.size : nil
    }

    private var hasOpenStream: Bool { streams.values.contains { !$0.isEnded } }

    /// - Parameter hasBytesBefore: Whether there is anything between this page and the one before it.
    private mutating func isMissing(before page: Page, hasBytesBefore: Bool) -> Bool {
        if page.isFirst {
            // Of files one after the other.
            if hasBytesBefore, hasOpenStream { return true }
            if let format = page.format {
                if streams.values.contains(where: { !$0.isInHeaders }) {
                    isChained = true
                    if format != self.format { hasOneFormat = false }
                }
                self.format = self.format ?? format
                streams[page.serial] = Stream(nextNumber: page.number + 1, isInHeaders: true, isEnded: page.isLast)
            }
            return false
        }
        guard let stream = streams[page.serial] else { return false }
        // Some writers do not count.
        if page.number > stream.nextNumber, hasBytesBefore || !stream.isInHeaders { return true }
        streams[page.serial] = Stream(
            nextNumber: page.number + 1, isInHeaders: stream.isInHeaders && page.position == 0, isEnded: page.isLast)
        return false
    }

    /// `nil` where there is none, or a damaged one.
    private func page(at offset: Int) throws(AudioError) -> Page? {
        let header = ByteReader(bytes: try file.bytes(at: offset, count: Self.headerLength + 255))
        guard header.starts(with: Self.capture), let segments = header.littleEndian(26, 1),
            Self.headerLength + segments <= header.bytes.count, let flags = header.littleEndian(5, 1),
            let serial = header.littleEndian(14, 4), let number = header.littleEndian(18, 4),
            let checksum = header.littleEndian(22, 4)
        else { return nil }
        let start = Self.headerLength + segments
        let length = header.bytes[Self.headerLength..<start].reduce(start) { $0 + Int($1) }
        guard offset + length <= file.size else { return nil }
        var bytes = try file.bytes(at: offset, count: length)
        guard bytes.count == length else { return nil }
        for index in 22..<26 { bytes[index] = 0 }
        guard OggChecksum.of(bytes) == checksum else { return nil }
        let body = ByteReader(bytes: bytes)
        let mark = Self.audioMarks.first { body.starts(with: $0.0, at: start) }
        return Page(
            end: offset + length, serial: serial, number: number, position: header.littleEndian(6, 8) ?? 0,
            isFirst: flags & 2 != 0, isLast: flags & 4 != 0, format: mark.map { Array(bytes[start...].prefix($0.1)) })
    }

    /// The next place that a page might begin at, or the file's end.
    private func nextCapture(from start: Int) throws(AudioError) -> Int {
        var offset = start
        while offset < file.size {
            let reader = ByteReader(bytes: try file.bytes(at: offset, count: 65_536))
            var found = reader.bytes.firstIndex(of: Self.capture[0])
            while let index = found {
                if reader.starts(with: Self.capture, at: index) { return offset + index }
                found = reader.bytes[(index + 1)...].firstIndex(of: Self.capture[0])
            }
            guard reader.bytes.count > Self.capture.count else { break }
            // One might lie across the end of what was read.
            offset += reader.bytes.count - Self.capture.count + 1
        }
        return file.size
    }
}
