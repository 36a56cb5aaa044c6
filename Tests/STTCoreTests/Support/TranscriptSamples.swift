import STTCore

func segment(
    _ start: Int, _ end: Int, _ text: String, words: [TranscriptWord] = [], avg: Double = -0.25, noSpeech: Double = 0.01
) -> TranscriptSegment {
    TranscriptSegment(
        startMilliseconds: start, endMilliseconds: end, text: text, avgLogProbability: avg,
        noSpeechProbability: noSpeech, words: words)
}

/// A segment whose words, separated by spaces, all last equally long.
func spoken(_ start: Int, _ end: Int, _ text: String) -> TranscriptSegment {
    let words = text.split(separator: " ").map(String.init)
    let each = (end - start) / max(1, words.count)
    return segment(
        start, end, text,
        words: words.enumerated().map { index, word in
            TranscriptWord(
                startMilliseconds: start + index * each, endMilliseconds: start + (index + 1) * each, text: word,
                probability: 0.9)
        })
}

func span(_ index: Int, _ start: Int, _ end: Int, leadIn: Int = 0, forced: Bool = false) -> ChunkSpan {
    ChunkSpan(
        index: index, startSample: start * 16, endSample: end * 16, leadInSamples: leadIn * 16, endsInForcedCut: forced)
}

func result(_ segments: [TranscriptSegment], gaps: [TranscriptGap] = []) -> ChunkResult {
    ChunkResult(segments: segments, gaps: gaps, language: "en", engine: "test", engineMilliseconds: 1)
}

func gap(_ start: Int, _ end: Int, _ code: String = "engine.crashed", _ message: String = "The engine crashed.")
    -> TranscriptGap
{
    TranscriptGap(startMilliseconds: start, endMilliseconds: end, cause: JobFailure(code: code, message: message))
}

extension TranscriptMerger {
    /// Folds everything; what is left over at the end counts as a chunk of its own.
    static func merge(_ chunks: [(ChunkSpan, ChunkResult)]) -> [MergedChunk] {
        var merger = TranscriptMerger()
        var merged = chunks.map { merger.fold($0.0, $0.1) }
        let rest = merger.finish()
        if !rest.isEmpty {
            merged.append(MergedChunk(index: merged.count, startMilliseconds: 0, endMilliseconds: 0, segments: rest))
        }
        return merged
    }
}

extension [MergedChunk] {
    var text: String { map(\.text).joined() }
    var words: [String] { text.split { $0 == " " || $0 == "\n" }.map(String.init) }
}
