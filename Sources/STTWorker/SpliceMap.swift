import STTCore

/// Places times in a chunk's audio, whose pieces were put end to end, in the recording.
///
/// An engine knows nothing of splices. A segment's start that it puts shortly before one, though what is said comes
/// after it, would be as far out as the recording was cut there; such a start goes to the beginning of the next piece,
/// and an end shortly after a splice goes back to the end of the piece before. All arithmetic is in whole samples.
struct SpliceMap: Sendable, Equatable {
    /// A boundary this near to a splice belongs to its other side, whatever the audio: pieces have margins as long.
    static let nearMilliseconds = 300
    /// The same where nothing is heard, or no word lies, between the boundary and the splice.
    static let reachMilliseconds = 1_000
    /// In dB below the loudest frame: nothing is heard.
    static let quietDecibels = 25.0

    private static let samplesPerMillisecond = ChunkSpan.sampleRate / 1000

    /// In the recording, never empty.
    private let pieces: [Range<Int>]
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
        let first = piece(at: start)
        return self.milliseconds(start, in: first, end, in: max(first, piece(before: end)))
    }

    /// The segments with the recording's times, their starts in order as they were.
    /// - Parameter levels: Of the spliced audio.
    func recording(_ segments: [TranscriptSegment], levels: AudioLevels?) -> [TranscriptSegment] {
        var earliest = Int.min
        return segments.map { segment in
            let placed = placed(segment, levels: levels, earliest: earliest)
            earliest = placed.startMilliseconds
            return placed
        }
    }

    private func placed(_ segment: TranscriptSegment, levels: AudioLevels?, earliest: Int) -> TranscriptSegment {
        var start = sample(segment.startMilliseconds)
        var end = max(start, sample(segment.endMilliseconds))
        var first = piece(at: start)
        var last = max(first, piece(before: end))
        let spoken = segment.words.map { piece(at: (sample($0.startMilliseconds) + sample($0.endMilliseconds)) / 2) }
        while first < last, isBeyond(start, offsets[first + 1], end, spoken.first.map { $0 > first }, levels) {
            first += 1
            start = offsets[first]
        }
        while last > first, isBeyond(end, offsets[last], start, spoken.last.map { $0 < last }, levels) {
            end = offsets[last]
            last -= 1
        }
        let range = milliseconds(start, in: first, end, in: last)
        var placed = segment
        placed.startMilliseconds = max(earliest, range.lowerBound)
        placed.endMilliseconds = max(placed.startMilliseconds, range.upperBound)
        place(&placed.words, pieces: spoken.map { min(max($0, first), last) }, within: placed)
        return placed
    }

    /// Whether a segment's boundary lies on the wrong side of a splice.
    /// - Parameters:
    ///   - other: The segment's other boundary.
    ///   - wordsAgree: Whether the word at the boundary lies on the right side; `nil` where words are not known.
    private func isBeyond(
        _ boundary: Int, _ splice: Int, _ other: Int, _ wordsAgree: Bool?, _ levels: AudioLevels?
    ) -> Bool {
        let distance = abs(splice - boundary) / Self.samplesPerMillisecond
        guard distance <= Self.reachMilliseconds, abs(other - splice) > abs(splice - boundary) else { return false }
        if distance <= Self.nearMilliseconds || wordsAgree == true { return true }
        let between = min(splice, boundary) / Self.samplesPerMillisecond
        guard let levels, let loudest = levels.peak(in: levels.milliseconds),
            let peak = levels.peak(in: between..<between + distance)
        else { return false }
        return peak < loudest - Self.quietDecibels
    }

    /// A word lies in one piece: where recordings are spliced, nothing is said.
    private func place(_ words: inout [TranscriptWord], pieces: [Int], within segment: TranscriptSegment) {
        var earliest = (piece: 0, milliseconds: segment.startMilliseconds)
        for index in words.indices {
            let piece = max(pieces[index], earliest.piece)
            let range = milliseconds(
                sample(words[index].startMilliseconds), in: piece, sample(words[index].endMilliseconds), in: piece)
            words[index].startMilliseconds = min(max(range.lowerBound, earliest.milliseconds), segment.endMilliseconds)
            words[index].endMilliseconds = min(
                max(range.upperBound, words[index].startMilliseconds), segment.endMilliseconds)
            earliest = (piece, words[index].startMilliseconds)
        }
    }

    // MARK: Samples

    private func sample(_ milliseconds: Int) -> Int {
        // Whatever an engine answers, nothing overflows.
        min(min(max(milliseconds, 0), length) * Self.samplesPerMillisecond, length)
    }

    /// The piece that a start at this position of the spliced audio belongs to.
    private func piece(at sample: Int) -> Int {
        offsets.lastIndex { $0 <= sample } ?? 0
    }

    /// The piece that an end at this position belongs to: at a splice, the earlier.
    private func piece(before sample: Int) -> Int {
        offsets.lastIndex { $0 < sample } ?? 0
    }

    private func milliseconds(_ start: Int, in first: Int, _ end: Int, in last: Int) -> Range<Int> {
        let lower = position(start, in: first) / Self.samplesPerMillisecond
        return lower..<max(lower, position(end, in: last) / Self.samplesPerMillisecond)
    }

    private func position(_ sample: Int, in piece: Int) -> Int {
        pieces[piece].lowerBound + min(max(sample - offsets[piece], 0), pieces[piece].count)
    }
}
