import STTTestKit

/// What storage, networks and cut-off uploads do to a file; the seed decides.
enum Damage {
    /// Flips bits, in the header or anywhere, or cuts the end off, or both.
    static func apply(to bytes: [UInt8], seed: UInt64) -> [UInt8] {
        var random = SplitMix(seed: seed)
        var bytes = bytes
        let kind = Int.random(in: 0..<3, using: &random)
        if kind != 0 {
            // Where headers are, most bits matter.
            let reach = Bool.random(using: &random) ? min(bytes.count, 600) : bytes.count
            for _ in 0..<Int.random(in: 1...24, using: &random) {
                bytes[Int.random(in: 0..<reach, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        if kind != 1 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
        return bytes
    }

    /// With this text in place of every occurrence of another one of the same length.
    static func replacing(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var start = 0
        while let found = bytes[start...].firstRange(of: old) {
            bytes.replaceSubrange(found, with: new)
            start = found.upperBound
        }
        return bytes
    }
}
