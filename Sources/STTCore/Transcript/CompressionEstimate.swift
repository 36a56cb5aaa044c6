/// How well a text compresses, as a measure of repetition.
///
/// Whisper's reference implementation divides the text's size by that of its zlib compression and takes more than 2.4
/// for a loop. This is the size that DEFLATE (RFC 1951) would need, by a greedy search for earlier occurrences and the
/// cost of fixed codes, or of a dynamic code near the literals' entropy where that is smaller; no bits are made.
public enum CompressionEstimate {
    /// Bytes of UTF-8 by estimated compressed bytes. 1 for an empty text. O(n) for n bytes, at most 64 tries for each.
    public static func ratio(of text: String) -> Double {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return 1 }
        return Double(bytes.count) / compressedBytes(bytes)
    }

    private static let shortest = 3
    private static let longest = 258
    private static let window = 32_768
    /// zlib's header and checksum.
    private static let frameBytes = 6.0

    private static func compressedBytes(_ bytes: [UInt8]) -> Double {
        var literals = [Int](repeating: 0, count: 256)
        var literalCount = 0
        var matchCount = 0
        var fixedBits = 10
        var extraBits = 0
        var places: [UInt32: [Int]] = [:]
        var position = 0
        while position < bytes.count {
            let match = longestMatch(at: position, in: bytes, places)
            let step: Int
            if let match {
                let (lengthBits, distanceBits) = (lengthExtraBits(match.length), distanceExtraBits(match.distance))
                fixedBits += 7 + 5 + lengthBits + distanceBits
                extraBits += lengthBits + distanceBits
                matchCount += 1
                step = match.length
            } else {
                let byte = bytes[position]
                fixedBits += byte < 144 ? 8 : 9
                literals[Int(byte)] += 1
                literalCount += 1
                step = 1
            }
            for index in position..<position + step where index + shortest <= bytes.count {
                places[key(bytes, index), default: []].append(index)
            }
            position += step
        }
        let symbols = Double(literalCount + matchCount)
        var dynamicBits = Double(extraBits) + Double(matchCount) * 5
        for count in literals + [matchCount] where count > 0 {
            dynamicBits -= Double(count) * Logarithm.base2(Double(count) / symbols)
        }
        let distinct = literals.count { $0 > 0 }
        dynamicBits += 110 + 5 * Double(distinct)
        return frameBytes + min(Double(fixedBits), dynamicBits) / 8
    }

    private static func longestMatch(at position: Int, in bytes: [UInt8], _ places: [UInt32: [Int]])
        -> (length: Int, distance: Int)?
    {
        guard position + shortest <= bytes.count, let candidates = places[key(bytes, position)] else { return nil }
        var best: (length: Int, distance: Int)?
        for candidate in candidates.suffix(64).reversed() where position - candidate <= window {
            var length = shortest
            while length < longest, position + length < bytes.count,
                bytes[candidate + length] == bytes[position + length]
            {
                length += 1
            }
            if length > best?.length ?? 0 { best = (length, position - candidate) }
        }
        return best
    }

    private static func key(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
    }

    private static func lengthExtraBits(_ length: Int) -> Int {
        length <= 10 || length == longest ? 0 : max(0, bitWidth(length - 3) - 3)
    }

    private static func distanceExtraBits(_ distance: Int) -> Int { max(0, bitWidth(distance - 1) - 2) }

    private static func bitWidth(_ value: Int) -> Int { Int.bitWidth - value.leadingZeroBitCount }
}
