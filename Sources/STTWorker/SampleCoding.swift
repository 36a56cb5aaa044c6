/// Samples as an object's bytes: 16 bits, little endian.
enum SampleCoding {
    static func bytes(from samples: [Int16]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(samples.count * 2)
        for sample in samples {
            let bits = UInt16(bitPattern: sample)
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        }
        return bytes
    }

    /// - Parameter bytes: An even number of them; an odd last one is dropped.
    static func samples(from bytes: [UInt8]) -> [Int16] {
        var samples: [Int16] = []
        samples.reserveCapacity(bytes.count / 2)
        for index in stride(from: 0, to: bytes.count - 1, by: 2) {
            samples.append(Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8))
        }
        return samples
    }
}

/// Where to cut a chunk in two.
enum QuietestPoint {
    /// The middle of the quietest 20 ms within a quarter of the length around the middle.
    static func inMiddle(of samples: [Int16]) -> Int {
        let frame = 320
        let middle = samples.count / 2
        let reach = samples.count / 8
        guard reach >= frame else { return middle }
        let starts = stride(from: middle - reach, through: middle + reach - frame, by: frame)
        let energies = starts.map { start in
            (start, samples[start..<start + frame].reduce(0) { $0 + abs(Int($1)) })
        }
        return (energies.min { $0.1 < $1.1 }?.0 ?? middle) + frame / 2
    }
}
