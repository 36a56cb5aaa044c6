import STTCore

/// The audio of a chunk as the prepare stage leaves it in the object store for the worker that claims the chunk.
///
/// A chunk is made of one or more stretches of the recording; what lies between two of them is not speech and is left
/// out. All channels have the same stretches.
struct ChunkAudio: Sendable, Equatable {
    /// 16 kHz; one array, or one per channel of the recording, all of the same length.
    var channels: [[Int16]]
    /// Positions in the recording, rising, none empty. Together as long as each of the channels.
    var pieces: [Range<Int>]

    var sampleCount: Int { channels.first?.count ?? 0 }

    /// One stretch.
    init(channels: [[Int16]], startSample: Int) {
        self.channels = channels
        pieces = [startSample..<startSample + (channels.first?.count ?? 0)]
    }

    init(channels: [[Int16]], pieces: [Range<Int>]) {
        self.channels = channels
        self.pieces = pieces
    }
}

/// As an object's bytes, all numbers little endian: `STTA`, version 1, channel count (u8), piece count (u16), per piece
/// start (u64) and length (u32) in samples, then the samples (i16), one channel after the other.
extension ChunkAudio {
    private static let magic: [UInt8] = Array("STTA".utf8) + [1]
    private static let fixedHeader = 8
    private static let pieceBytes = 12

    var bytes: [UInt8] {
        var bytes = Self.magic + [UInt8(clamping: channels.count)]
        bytes.append(littleEndian: UInt16(clamping: pieces.count))
        for piece in pieces {
            bytes.append(littleEndian: UInt64(clamping: piece.lowerBound))
            bytes.append(littleEndian: UInt32(clamping: piece.count))
        }
        for samples in channels { bytes += SampleCoding.bytes(from: samples) }
        return bytes
    }

    /// `nil` where the bytes are not a chunk's audio, or end early.
    init?(bytes: [UInt8]) {
        guard bytes.count >= Self.fixedHeader, bytes.starts(with: Self.magic) else { return nil }
        let channelCount = Int(bytes[5])
        let pieceCount = Int(bytes.littleEndian(UInt16.self, at: 6))
        var position = Self.fixedHeader
        guard channelCount > 0, bytes.count >= position + pieceCount * Self.pieceBytes else { return nil }
        var pieces: [Range<Int>] = []
        for _ in 0..<pieceCount {
            let length = Int(bytes.littleEndian(UInt32.self, at: position + 8))
            let limit = UInt64(Int.max - length)
            let start = bytes.littleEndian(UInt64.self, at: position)
            guard length > 0, start <= limit, Int(start) >= pieces.last?.upperBound ?? 0 else { return nil }
            pieces.append(Int(start)..<Int(start) + length)
            position += Self.pieceBytes
        }
        let sampleCount = pieces.reduce(0) { $0 + $1.count }
        guard bytes.count == position + channelCount * sampleCount * 2 else { return nil }
        var channels: [[Int16]] = []
        for _ in 0..<channelCount {
            channels.append(SampleCoding.samples(from: bytes[position..<position + sampleCount * 2]))
            position += sampleCount * 2
        }
        self.init(channels: channels, pieces: pieces)
    }
}

extension [UInt8] {
    fileprivate mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate func littleEndian<Number: FixedWidthInteger>(_: Number.Type, at position: Int) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Number.self)) }
    }
}
