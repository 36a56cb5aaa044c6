/// Checks of how a container ends.
enum ContainerTail {
    /// Bytes that the last page of an Ogg file has too few. A file that ends between pages is taken as whole.
    static func missingOggBytes(_ file: InputFile) throws(AudioError) -> Int {
        // A page has at most 27 + 255 + 255 × 255 bytes.
        let start = max(0, file.size - 2 * 65_307)
        let reader = ByteReader(bytes: try file.bytes(at: start, count: file.size - start))
        var end = 0
        var offset = 0
        while let found = reader.bytes[offset...].firstIndex(of: 0x4f) {
            offset = found + 1
            guard found >= end, reader.starts(with: "OggS", at: found) else { continue }
            guard found + 27 <= reader.bytes.count else { return found + 27 - reader.bytes.count }
            let segments = Int(reader.bytes[found + 26])
            let table = reader.bytes[min(found + 27, reader.bytes.count)...].prefix(segments)
            end = found + 27 + segments + table.reduce(0) { $0 + Int($1) }
        }
        return max(0, end - reader.bytes.count)
    }

    /// Bytes that the last top-level box of an MP4 file has too few.
    static func missingMP4Bytes(_ file: InputFile) throws(AudioError) -> Int {
        var offset = 0
        for _ in 0..<100_000 where offset < file.size {
            let reader = ByteReader(bytes: try file.bytes(at: offset, count: 16))
            guard var size = reader.bigEndian(0, 4), reader.bytes.count >= 8 else { return 0 }
            if size == 0 { return 0 }  // The box reaches to the end of the file, whatever that is.
            if size == 1 { size = reader.bigEndian(8, 8) ?? 0 }
            guard size >= 8, reader.bytes[4..<8].allSatisfy({ (32..<127).contains($0) || $0 == 0xa9 }) else { return 0 }
            let (end, isTooLarge) = offset.addingReportingOverflow(size)
            if isTooLarge { return 0 }
            offset = end
        }
        return max(0, offset - file.size)
    }
}
