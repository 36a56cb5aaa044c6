/// 16 kHz mono samples as a WAV file in memory.
enum WaveFile {
    static let sampleRate = 16_000
    /// Whisper skips input under 100 ms; this is far above it and costs nothing, since a window is always 30 s.
    static let leastSampleCount = sampleRate

    /// The file's bytes; shorter audio is padded with silence to one second.
    static func encode(_ samples: [Int16]) -> [UInt8] {
        let byteCount = max(samples.count, leastSampleCount) * 2
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + byteCount)
        bytes += Array("RIFF".utf8) + littleEndian(UInt32(36 + byteCount)) + Array("WAVEfmt ".utf8)
        bytes += littleEndian(UInt32(16)) + littleEndian(UInt16(1)) + littleEndian(UInt16(1))
        bytes += littleEndian(UInt32(sampleRate)) + littleEndian(UInt32(sampleRate * 2))
        bytes += littleEndian(UInt16(2)) + littleEndian(UInt16(16))
        bytes += Array("data".utf8) + littleEndian(UInt32(byteCount))
        #if _endian(little)
            samples.withUnsafeBytes { bytes += $0 }
        #else
            samples.map { $0.littleEndian }.withUnsafeBytes { bytes += $0 }
        #endif
        bytes += repeatElement(0, count: 44 + byteCount - bytes.count)
        return bytes
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
