/// Whether all pages of an Ogg file are there and whole.
///
/// Decoders leave out a damaged page and go on behind it without a word. Pages are numbered in each stream and have
/// checksums, so what is missing can be told.
struct OggPages {
    /// Where something is missing: behind the last whole page before it, and up to the next one.
    typealias Damage = Range<Int>

    private struct Page {
        var end: Int
        var serial: Int
        var number: Int
        var position: Int
        var isFirst: Bool
        var isLast: Bool
        /// What codec a first page names.
        var isAudio: Bool
    }

    private struct Stream {
        var nextNumber: Int
        /// A live stream's recording goes on from its headers to wherever the listener came in.
        var isInHeaders: Bool
        var isEnded: Bool
    }

    private static let capture = Array("OggS".utf8)
    private static let headerLength = 27
    private static let audioMarks = ["\u{1}vorbis", "OpusHead", "Speex   ", "\u{7f}FLAC", "fLaC"]
    /// What looks like a page and is none costs the time of the longest page.
    private static let mostCandidates = 1000

    private let file: InputFile
    /// Streams of sound, by their serial numbers.
    private var streams: [Int: Stream] = [:]

    private init(_ file: InputFile) { self.file = file }

    /// Reads all of a file and finds the first damage by which sound is lost. Bytes between pages that hide none are
    /// harmless, and so is what follows the end that the file itself marks.
    /// - Returns: `nil` also where there is not one whole first page of a stream of sound.
    static func damage(_ file: InputFile) throws(AudioError) -> Damage? {
        var pages = OggPages(file)
        return try pages.findDamage()
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
            if page.isAudio {
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
        let isAudio = Self.audioMarks.contains { body.starts(with: $0, at: start) }
        return Page(
            end: offset + length, serial: serial, number: number, position: header.littleEndian(6, 8) ?? 0,
            isFirst: flags & 2 != 0, isLast: flags & 4 != 0, isAudio: isAudio)
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

/// The checksum of Ogg pages: CRC-32 with the polynomial 04c11db7, not reflected, from 0.
enum OggChecksum {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte) << 24) { sum, _ in sum & 0x8000_0000 != 0 ? sum << 1 ^ 0x04c1_1db7 : sum << 1 }
    }

    static func of(_ bytes: [UInt8]) -> Int {
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                var sum: UInt32 = 0
                for byte in bytes { sum = sum << 8 ^ table[Int(UInt8(truncatingIfNeeded: sum >> 24) ^ byte)] }
                return Int(sum)
            }
        }
    }
}
