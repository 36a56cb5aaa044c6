/// The header of a frame of MPEG audio (ISO/IEC 11172-3 and 13818-3).
struct MPEGFrame: Equatable {
    var version: Int
    var layer: Int
    var sampleRate: Int
    var isMono: Bool
    /// Bytes, header included.
    var length: Int

    private static let bitRates: [[Int]] = [
        // MPEG-1 layers I, II, III, then MPEG-2 layer I, and II and III.
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ]

    /// Reads a header; `nil` where there is none. Free-format streams count as none.
    init?(_ reader: ByteReader, at offset: Int) {
        guard let bits = reader.bigEndian(offset, 4), bits >> 21 == 0x7ff else { return nil }
        let versionBits = bits >> 19 & 3
        let layerBits = bits >> 17 & 3
        let bitRateIndex = bits >> 12 & 15
        let rateIndex = bits >> 10 & 3
        guard versionBits != 1, layerBits != 0, bitRateIndex != 0, bitRateIndex != 15, rateIndex != 3 else {
            return nil
        }
        version = versionBits == 3 ? 1 : 2
        layer = 4 - layerBits
        sampleRate = [44_100, 48_000, 32_000][rateIndex] >> (versionBits == 3 ? 0 : versionBits == 2 ? 1 : 2)
        isMono = bits >> 6 & 3 == 3
        let row = version == 1 ? layer - 1 : layer == 1 ? 3 : 4
        let bitRate = Self.bitRates[row][bitRateIndex] * 1000
        let padding = bits >> 9 & 1
        switch layer {
        case 1: length = (12 * bitRate / sampleRate + padding) * 4
        case 3 where version == 2: length = 72 * bitRate / sampleRate + padding
        default: length = 144 * bitRate / sampleRate + padding
        }
    }

    /// Bytes of ID3v2 tags at the start.
    static func tagLength(_ reader: ByteReader) -> Int {
        var offset = 0
        while reader.starts(with: "ID3", at: offset), offset + 10 <= reader.bytes.count {
            let size = reader.bytes[offset + 6..<offset + 10].reduce(0) { $0 << 7 | Int($1 & 0x7f) }
            let hasFooter = reader.bytes[offset + 5] & 0x10 != 0
            offset += 10 + size + (hasFooter ? 10 : 0)
        }
        return offset
    }

    /// The first frame at or after `start` that two matching ones follow, at once.
    static func first(in reader: ByteReader, from start: Int) -> Int? {
        var offset = start
        while offset + 4 <= reader.bytes.count {
            guard let next = reader.bytes[offset...].firstIndex(of: 0xff) else { return nil }
            offset = next
            if let frame = MPEGFrame(reader, at: offset), frame.isFollowed(in: reader, at: offset) { return offset }
            offset += 1
        }
        return nil
    }

    private func isFollowed(in reader: ByteReader, at offset: Int) -> Bool {
        var next = offset + length
        for _ in 0..<2 {
            // A very short file has fewer frames: its end counts as one, if it begins with a frame.
            if next >= reader.bytes.count { return offset == 0 || next > offset + length }
            guard let frame = MPEGFrame(reader, at: next), matches(frame) else { return false }
            next += frame.length
        }
        return true
    }

    /// Whether two frames can belong to one stream.
    func matches(_ other: MPEGFrame) -> Bool {
        version == other.version && layer == other.layer && sampleRate == other.sampleRate
    }
}
