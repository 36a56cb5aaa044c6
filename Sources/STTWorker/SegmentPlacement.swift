import STTCore

/// Gives what an engine made of a chunk's audio, whose pieces were put end to end, the recording's times.
///
/// A segment that goes on behind a splice becomes two where much was cut out there. What begins or ends in silence is
/// drawn to where the sound begins or ends: an engine's times leave up to half a second of it. So no segment and no word
/// begins in what was cut out, nor in the margins of a piece.
struct SegmentPlacement {
    /// More than this cut out makes two segments of one.
    static let dividingMilliseconds = 1_000
    /// In dB below the loudest frame near by: nothing is heard.
    static let quietDecibels = 25.0

    /// How far around a splice quiet is looked for: pieces have margins about as long.
    private static let marginMilliseconds = 600
    /// The same without the audio.
    private static let usualMargin = 300
    /// How far a time is moved to where sound begins or ends.
    private static let reachMilliseconds = 2_500
    /// How far from sound a time is moved towards an earlier sound.
    private static let lateMilliseconds = 1_000
    /// A sound so much softer than the loudest frame near by, in dB, with so much silence behind it, is not a word.
    private static let softDecibels = 15.0
    private static let pauseMilliseconds = 500
    /// Silence that an engine has before a segment's first word.
    private static let leadingMilliseconds = 1_000
    /// What is heard so near to a time tells how loud its speaker is.
    private static let loudnessMilliseconds = 2_000

    let map: SpliceMap
    /// Of the spliced audio, from 0.
    let levels: AudioLevels?

    /// Some words of one segment, in one piece.
    private struct Part {
        var tokens: Range<Int>
        var piece: Int
        /// In the spliced audio, as the engine has it.
        var heard: Range<Int>
        /// The same of its first word.
        var firstWord: Int
        /// In the spliced audio, inside the piece.
        var placed: Range<Int>
        /// In the recording.
        var recording: Range<Int>

        /// Spreads what lies in `heard` over the place in the recording.
        func place(_ milliseconds: Int) -> Int {
            // The silence before the first word is not part of the place any more.
            let latest = min(heard.lowerBound + SegmentPlacement.leadingMilliseconds, heard.upperBound)
            let spoken = min(max(firstWord, heard.lowerBound), latest)..<heard.upperBound
            let offset = min(max(milliseconds - spoken.lowerBound, 0), spoken.count)
            return recording.lowerBound + offset * recording.count / max(spoken.count, 1)
        }
    }

    /// The segments with the recording's times, their starts in order.
    func recording(_ segments: [TranscriptSegment]) -> [TranscriptSegment] {
        let segments = segments.map { bounded($0) }
        let tokens = segments.map(\.tokens)
        let pieces = pieces(segments, tokens)
        var result: [TranscriptSegment] = []
        var last: (piece: Int, start: Int)?
        var earliest = Int.min
        for (index, segment) in segments.enumerated() {
            var parts: [Part] = []
            for part in self.parts(segment, tokens[index], pieces[index]) {
                parts.append(placed(part, after: last))
                last = (part.piece, parts[parts.count - 1].placed.lowerBound)
            }
            for run in divided(parts) {
                guard let first = run.first, let last = run.last else { continue }
                let range = first.tokens.lowerBound..<last.tokens.upperBound
                var placed = range == tokens[index].indices ? segment : segment.slice(tokens[index][range])
                placed.startMilliseconds = max(earliest, first.recording.lowerBound)
                placed.endMilliseconds = max(placed.startMilliseconds, last.recording.upperBound)
                place(&placed, run, tokens[index])
                earliest = placed.startMilliseconds
                result.append(placed)
            }
        }
        return result
    }

    // MARK: Which piece

    /// With its times inside the audio, whatever the engine answered.
    private func bounded(_ segment: TranscriptSegment) -> TranscriptSegment {
        let end = map.spliced(map.pieces.count - 1).upperBound
        var segment = segment
        segment.startMilliseconds = min(max(segment.startMilliseconds, 0), end)
        segment.endMilliseconds = min(max(segment.endMilliseconds, segment.startMilliseconds), end)
        for index in segment.words.indices {
            let start = min(max(segment.words[index].startMilliseconds, 0), end)
            segment.words[index].startMilliseconds = start
            segment.words[index].endMilliseconds = min(max(segment.words[index].endMilliseconds, start), end)
        }
        return segment
    }

    /// The piece of each token of each segment.
    private func pieces(_ segments: [TranscriptSegment], _ tokens: [[SpokenToken]]) -> [[Int]] {
        guard map.isSpliced else { return tokens.map { $0.map { _ in 0 } } }
        let words = zip(segments, tokens).flatMap { segment, tokens in
            tokens.enumerated().map { index, token in
                WordPlacement.Word(
                    token.text, start: index == 0 ? segment.startMilliseconds : token.startMilliseconds,
                    end: index == tokens.count - 1 ? segment.endMilliseconds : token.endMilliseconds,
                    isFirstOfSegment: index == 0)
            }
        }
        let before = WordPlacement(words: words).wordsBefore((1..<map.pieces.count).map(quiet(beforePiece:)))
        var (word, piece) = (0, 0)
        return tokens.map { tokens in
            tokens.map { _ in
                while piece < before.count, before[piece] <= word { piece += 1 }
                word += 1
                return piece
            }
        }
    }

    /// Where nothing is heard around the splice before a piece.
    private func quiet(beforePiece piece: Int) -> ClosedRange<Int> {
        let (left, right) = (map.spliced(piece - 1), map.spliced(piece))
        let splice = right.lowerBound
        guard let levels else {
            return max(left.lowerBound, splice - Self.usualMargin)...min(right.upperBound, splice + Self.usualMargin)
        }
        let before = max(left.lowerBound, splice - Self.marginMilliseconds)..<splice
        let after = splice..<min(right.upperBound, splice + Self.marginMilliseconds)
        let start = levels.soundEnd(
            in: before, above: threshold(max(left.lowerBound, splice - Self.loudnessMilliseconds)..<splice))
        let end = levels.soundStart(
            in: after, above: threshold(splice..<min(right.upperBound, splice + Self.loudnessMilliseconds)))
        return (start ?? before.lowerBound)...(end ?? after.upperBound)
    }

    // MARK: Where in it

    private func parts(_ segment: TranscriptSegment, _ tokens: [SpokenToken], _ pieces: [Int]) -> [Part] {
        guard !tokens.isEmpty else { return [] }
        var parts: [Part] = []
        for (index, piece) in pieces.enumerated() {
            if parts.last?.piece != piece {
                let start = index == 0 ? segment.startMilliseconds : tokens[index].startMilliseconds
                parts.append(
                    Part(
                        tokens: index..<index, piece: piece, heard: start..<start,
                        firstWord: tokens[index].startMilliseconds, placed: 0..<0, recording: 0..<0))
            }
            let end = index == tokens.count - 1 ? segment.endMilliseconds : tokens[index].endMilliseconds
            let part = parts.count - 1
            parts[part].tokens = parts[part].tokens.lowerBound..<index + 1
            let start = parts[part].heard.lowerBound
            parts[part].heard = start..<max(start, end)
        }
        return parts
    }

    /// - Parameter last: Where the part before begins.
    private func placed(_ part: Part, after last: (piece: Int, start: Int)?) -> Part {
        let piece = map.spliced(part.piece)
        let length = min(part.heard.count, piece.count)
        // What lies beyond the piece is moved into it; what reaches beyond it is cut off there.
        var start = min(max(part.heard.lowerBound, piece.lowerBound), piece.upperBound)
        var end = min(max(part.heard.upperBound, piece.lowerBound), piece.upperBound)
        if part.heard.upperBound <= piece.lowerBound { end = piece.lowerBound + length }
        if part.heard.lowerBound >= piece.upperBound { start = piece.upperBound - length }
        if let levels {
            let isFirst = last?.piece != part.piece
            let loud = threshold(start..<min(max(end, start + Self.loudnessMilliseconds), piece.upperBound))
            let first = isFirst ? speechStart(reach(from: piece.lowerBound, to: piece.upperBound), loud, levels) : nil
            if let first, first >= start - Self.lateMilliseconds {
                start = first
            } else if let sound = speechStart(reach(from: start, to: end), loud, levels) {
                start = sound
            }
            let tail = max(start, end - Self.reachMilliseconds)..<max(start, end)
            if let sound = levels.soundEnd(in: tail, above: loud) { end = sound }
        }
        if let last, last.piece == part.piece { start = max(start, last.start) }
        var placed = part
        placed.placed = start..<max(start, end)
        placed.recording = map.recording(placed.placed, in: part.piece)
        return placed
    }

    /// Where the first sound begins that is no noise on its own: soft, and with a pause behind it.
    private func speechStart(_ range: Range<Int>, _ loud: Double, _ levels: AudioLevels) -> Int? {
        guard let start = levels.soundStart(in: range, above: loud) else { return nil }
        var end = start
        while end < range.upperBound, let next = levels.soundStart(in: end..<end + Self.pauseMilliseconds, above: loud)
        {
            end = next + AudioLevels.frameMilliseconds
        }
        guard end < range.upperBound, let peak = levels.peak(in: start..<end),
            peak < loud + Self.quietDecibels - Self.softDecibels
        else { return start }
        return speechStart(end..<range.upperBound, loud, levels) ?? start
    }

    private func reach(from start: Int, to end: Int) -> Range<Int> {
        start..<max(start, min(end, start + Self.reachMilliseconds))
    }

    private func threshold(_ milliseconds: Range<Int>) -> Double {
        (levels?.peak(in: milliseconds) ?? 0) - Self.quietDecibels
    }

    // MARK: Segments again

    /// Runs of parts that stay one segment.
    private func divided(_ parts: [Part]) -> [[Part]] {
        var runs: [[Part]] = []
        for part in parts {
            if let last = runs.last?.last, map.distance(from: last.piece, to: part.piece) <= Self.dividingMilliseconds {
                runs[runs.count - 1].append(part)
            } else {
                runs.append([part])
            }
        }
        return runs
    }

    /// Moves the words of a segment that is made of these parts along with them.
    private func place(_ segment: inout TranscriptSegment, _ parts: [Part], _ tokens: [SpokenToken]) {
        let numbered = parts.flatMap { part in part.tokens.map { (part: part, token: tokens[$0]) } }
        guard numbered.count == segment.words.count else { return segment.words = [] }
        var earliest = segment.startMilliseconds
        for (index, (part, token)) in numbered.enumerated() {
            let start = min(max(part.place(token.startMilliseconds), earliest), segment.endMilliseconds)
            segment.words[index].startMilliseconds = start
            segment.words[index].endMilliseconds =
                min(max(part.place(token.endMilliseconds), start), segment.endMilliseconds)
            earliest = start
        }
    }
}
