/// 16 kHz mono samples as a WAV file in memory.
enum WaveBytes {
    /// The file's bytes, each sample times the gain.
    static func encode(_ samples: [Int16], gain: Int) -> [UInt8] {
        let byteCount = samples.count * 2
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + byteCount)
        bytes += Array("RIFF".utf8) + little(UInt32(36 + byteCount)) + Array("WAVEfmt ".utf8)
        bytes += little(UInt32(16)) + little(UInt16(1)) + little(UInt16(1))
        bytes += little(UInt32(PCM.sampleRate)) + little(UInt32(PCM.sampleRate * 2))
        bytes += little(UInt16(2)) + little(UInt16(16)) + Array("data".utf8) + little(UInt32(byteCount))
        let louder = gain == 1 ? samples : samples.map { Int16(clamping: Int($0) * gain) }
        louder.withUnsafeBytes { bytes += $0 }
        return bytes
    }

    private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
