/// The sizes that the header of a WAV, AIFF or AU file states, beside what there is.
struct ChunkedHeader: Equatable {
    /// Where the samples start.
    var dataOffset: Int
    /// Bytes of samples that the header promises; `nil` where it was written before the length was known, or never brought
    /// up to date.
    var promisedBytes: Int?
    /// Bytes from the start of the samples to the end of the file.
    var presentBytes: Int
    /// Bytes of a tenth of a second.
    var tolerance: Int
    /// The data are MPEG frames, whose number a WAV header does not tell.
    var holdsMPEG = false
    /// Bytes that take the place of the file's own for the decoder: it would read no more than the size says.
    var patch: (offset: Int, bytes: [UInt8])?

    /// Of a file whose end nobody knows yet: nothing was looked for behind the samples, and `presentBytes` is no more than
    /// the most that there may be.
    var isForeseen = false

    static func == (left: ChunkedHeader, right: ChunkedHeader) -> Bool {
        left.dataOffset == right.dataOffset && left.promisedBytes == right.promisedBytes
            && left.presentBytes == right.presentBytes && left.patch?.bytes == right.patch?.bytes
    }

    /// Where the samples end.
    var endByte: Int { dataOffset + min(promisedBytes ?? presentBytes, presentBytes) }

    /// Bytes promised and not there, where that is more than a tenth of a second.
    var missingBytes: Int {
        guard !isForeseen, let promisedBytes, promisedBytes - presentBytes > tolerance else { return 0 }
        return promisedBytes - presentBytes
    }

    /// Programs that write to a pipe cannot go back to fill in the size: they leave 0, -1, or a value near 2 or 4 GiB.
    private static func isPlaceholder(_ size: Int) -> Bool {
        size == 0 || (0x7fff_0000...0x8000_0000).contains(size) || size >= 0xffff_0000
    }

    /// Reads the chunks of a RIFF, RF64 or BW64 file; `nil` where it has no data chunk.
    static func wav(_ file: InputFile) throws(AudioError) -> ChunkedHeader? {
        var offset = 12
        var longSize: (bytes: Int, offset: Int)?
        var tolerance = 4096
        var formatTag = 0
        for _ in 0..<1000 {
            let reader = ByteReader(bytes: try file.bytes(at: offset, count: 36))
            guard let id = reader.ascii(0, 4), let size = reader.littleEndian(4, 4) else { return nil }
            switch id {
            case "ds64":
                longSize = reader.littleEndian(16, 8).map { ($0, offset + 16) }
            case "fmt ":
                formatTag = reader.littleEndian(8, 2) ?? 0
                if let rate = reader.littleEndian(16, 4), rate > 0, rate < 1 << 28 { tolerance = rate / 10 }
            case "data":
                var header = try data(file, at: offset + 8, size: size, longSize: longSize, tolerance: tolerance)
                header.holdsMPEG = formatTag == 0x50 || formatTag == 0x55
                return header
            default: break
            }
            offset += 8 + size + size % 2
        }
        return nil
    }

    private static func data(
        _ file: InputFile, at offset: Int, size: Int, longSize: (bytes: Int, offset: Int)?, tolerance: Int
    ) throws(AudioError) -> ChunkedHeader {
        let isForeseen = file.hasOpenEnd
        let present = max(file.size - offset, 0)
        var header = ChunkedHeader(
            dataOffset: offset, promisedBytes: size, presentBytes: present, tolerance: tolerance,
            isForeseen: isForeseen)
        if size == 0xffff_ffff, let longSize, longSize.bytes > 0 {
            header.promisedBytes = longSize.bytes
        } else if isPlaceholder(size), present != size {
            if size == 0, !isForeseen, try unexplainedBytes(file, behind: offset) <= 1 { return header }
            header.promisedBytes = nil
        }
        if let promised = header.promisedBytes, !isForeseen, present - promised > tolerance,
            try unexplainedBytes(file, behind: offset + promised) > tolerance
        {
            header.promisedBytes = nil
        }
        header.boundForeseenBytes()
        if header.promisedBytes == nil {
            if size == 0xffff_ffff, let longSize {
                header.patch = (longSize.offset, little(header.presentBytes, 8))
            } else if header.presentBytes < 0xffff_ffff {
                header.patch = (offset - 4, little(header.presentBytes, 4))
            }
        }
        return header
    }

    /// Of samples without an end in sight, the decoder is told of no more than what a size of 32 bits can say.
    private mutating func boundForeseenBytes() {
        if isForeseen, promisedBytes == nil { presentBytes = min(presentBytes, 0x7ffe_fffe) }
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// Bytes behind the samples that are not chunks. Those of a second file are not: there are samples in them.
    private static func unexplainedBytes(_ file: InputFile, behind end: Int) throws(AudioError) -> Int {
        // An odd number of bytes is followed by one more, though not by every writer.
        var least = file.size - end
        for start in end % 2 == 0 ? [end] : [end + 1, end] {
            var offset = start
            for _ in 0..<1000 {
                let reader = ByteReader(bytes: try file.bytes(at: offset, count: 8))
                guard let id = reader.ascii(0, 4), id.utf8.allSatisfy({ (32..<127).contains($0) }),
                    !["RIFF", "RF64", "BW64"].contains(id), let size = reader.littleEndian(4, 4),
                    offset + 8 + size <= file.size
                else { break }
                offset += 8 + size + size % 2
            }
            least = min(least, max(file.size - offset, 0))
        }
        return least
    }

    /// Reads the chunks of an AIFF or AIFF-C file; `nil` where it has no sound chunk.
    static func aiff(_ file: InputFile) throws(AudioError) -> ChunkedHeader? {
        var offset = 12
        for _ in 0..<1000 {
            let reader = ByteReader(bytes: try file.bytes(at: offset, count: 8))
            guard let id = reader.ascii(0, 4), let size = reader.bigEndian(4, 4) else { return nil }
            if id == "SSND" {
                var header = ChunkedHeader(
                    dataOffset: offset + 16, promisedBytes: isPlaceholder(size) ? nil : size - 8,
                    presentBytes: max(file.size - offset - 16, 0), tolerance: 4096, isForeseen: file.hasOpenEnd)
                header.boundForeseenBytes()
                return header
            }
            offset += 8 + size + size % 2
        }
        return nil
    }

    /// Reads the header of a Sun/NeXT file.
    static func au(_ file: InputFile) throws(AudioError) -> ChunkedHeader? {
        let reader = ByteReader(bytes: try file.bytes(at: 0, count: 24))
        guard let offset = reader.bigEndian(4, 4), let size = reader.bigEndian(8, 4) else { return nil }
        var header = ChunkedHeader(
            dataOffset: offset, promisedBytes: isPlaceholder(size) ? nil : size,
            presentBytes: max(file.size - offset, 0), tolerance: 4096, isForeseen: file.hasOpenEnd)
        header.boundForeseenBytes()
        return header
    }
}
