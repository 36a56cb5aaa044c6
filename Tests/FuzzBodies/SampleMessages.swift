internal import RPCWire

/// Messages whose bytes tell which they are and where in them one is. Made once, for an input names many.
enum SampleMessages {
    static let bytes: [[UInt8]] = [
        0, 1, 2, 7, 100, 255, 300, 1000, 4095, 8192, 8193, 16_384, 16_385, 40_000, 65_523, 65_524, 65_525, 65_536,
        70_000,
        131_072,
    ].map { length in
        (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8) &+ length) }
    }

    /// Every second one is in two parts, as messages with one long field are.
    static let all: [SharedBytes] = bytes.enumerated().map { place, bytes in
        let head = min(bytes.count, [0, 5, 9000][place % 3])
        return place % 2 == 0
            ? SharedBytes(bytes) : SharedBytes(head: Array(bytes[..<head]), tail: Array(bytes[head...]))
    }

    /// Fragments of a peer, for which only the length counts.
    static let filler = [UInt8](repeating: 0x5A, count: 20_000)
}
