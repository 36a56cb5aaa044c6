/// Samples as bytes: 16 bits, little endian.
enum SampleCoding {
    static func bytes(from samples: [Int16]) -> [UInt8] {
        #if _endian(little)
            samples.withUnsafeBytes { Array($0) }
        #else
            samples.map { $0.littleEndian }.withUnsafeBytes { Array($0) }
        #endif
    }

    /// - Parameter bytes: An even number of them; an odd last one is dropped.
    static func samples(from bytes: some Collection<UInt8>) -> [Int16] {
        let count = bytes.count / 2
        return [Int16](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes.prefix(count * 2))
            #if _endian(big)
                for index in buffer.indices { buffer[index] = buffer[index].littleEndian }
            #endif
            initialized = count
        }
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
