import STTCore

/// Places times in a chunk's audio, whose pieces were put end to end, in the recording. All arithmetic is in whole
/// samples.
struct SpliceMap: Sendable, Equatable {
    private static let samplesPerMillisecond = ChunkSpan.sampleRate / 1000

    /// In the recording, never empty.
    let pieces: [Range<Int>]
    /// Where each piece begins in the spliced audio.
    private let offsets: [Int]
    /// Of the spliced audio.
    private let length: Int

    /// - Parameter pieces: In samples of the recording, rising, at least one.
    init(_ pieces: [Range<Int>]) {
        self.pieces = pieces.isEmpty ? [0..<0] : pieces
        var offsets: [Int] = []
        var length = 0
        for piece in self.pieces {
            offsets.append(length)
            length += piece.count
        }
        self.offsets = offsets
        self.length = length
    }

    var isSpliced: Bool { pieces.count > 1 }

    /// From the first piece to the last, in milliseconds of the recording.
    var extent: Range<Int> {
        let start = pieces[0].lowerBound / Self.samplesPerMillisecond
        return start..<max(start, pieces[pieces.count - 1].upperBound / Self.samplesPerMillisecond)
    }

    /// Where a stretch of the spliced audio lies in the recording.
    func recording(_ milliseconds: Range<Int>) -> Range<Int> {
        let start = sample(milliseconds.lowerBound)
        let end = sample(milliseconds.upperBound)
        let first = offsets.lastIndex { $0 <= start } ?? 0
        let last = offsets.lastIndex { $0 < end } ?? 0
        return self.milliseconds(start, in: first, end, in: max(first, last))
    }

    /// Where a stretch of the spliced audio lies that belongs to one piece; what reaches beyond the piece is cut off.
    func recording(_ milliseconds: Range<Int>, in piece: Int) -> Range<Int> {
        self.milliseconds(sample(milliseconds.lowerBound), in: piece, sample(milliseconds.upperBound), in: piece)
    }

    /// Where a piece lies in the spliced audio, in milliseconds.
    func spliced(_ piece: Int) -> Range<Int> {
        let start = offsets[piece] / Self.samplesPerMillisecond
        return start..<max(start, (offsets[piece] + pieces[piece].count) / Self.samplesPerMillisecond)
    }

    /// What lies between two pieces in the recording, in milliseconds.
    func distance(from piece: Int, to later: Int) -> Int {
        (pieces[later].lowerBound - pieces[piece].upperBound) / Self.samplesPerMillisecond
    }

    private func sample(_ milliseconds: Int) -> Int {
        // Whatever an engine answers, nothing overflows.
        min(min(max(milliseconds, 0), length) * Self.samplesPerMillisecond, length)
    }

    private func milliseconds(_ start: Int, in first: Int, _ end: Int, in last: Int) -> Range<Int> {
        let lower = position(start, in: first) / Self.samplesPerMillisecond
        return lower..<max(lower, position(end, in: last) / Self.samplesPerMillisecond)
    }

    private func position(_ sample: Int, in piece: Int) -> Int {
        pieces[piece].lowerBound + min(max(sample - offsets[piece], 0), pieces[piece].count)
    }
}
