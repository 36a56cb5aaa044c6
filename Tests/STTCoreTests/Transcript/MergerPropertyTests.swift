import STTCore
import Testing

/// A recording of random words, cut into overlapping chunks and heard with the errors of a real recogniser.
struct SimulatedRecording {
    struct Word {
        var text: String
        var start: Int
        var end: Int
    }

    var words: [Word] = []
    var generator: SeededGenerator

    init(seed: UInt64, vocabulary: [String], wordCount: Int) {
        generator = SeededGenerator(seed: seed)
        var time = Int.random(in: 0...500, using: &generator)
        for _ in 0..<wordCount {
            let text = vocabulary.randomElement(using: &generator) ?? "word"
            let length = 130 + 45 * text.count + Int.random(in: 0...120, using: &generator)
            words.append(Word(text: text, start: time, end: time + length))
            time +=
                length
                + (Int.random(in: 0..<4, using: &generator) == 0 ? Int.random(in: 50...400, using: &generator) : 10)
        }
    }

    /// Cuts every `chunk` or so milliseconds, inside speech, and hears each piece on its own.
    mutating func chunks(jitter: Int, withWords: Bool) -> [(ChunkSpan, ChunkResult)] {
        let end = (words.last?.end ?? 0) + 300
        var chunks: [(ChunkSpan, ChunkResult)] = []
        var start = 0
        var leadIn = 0
        while start < end {
            var stop = start + Int.random(in: 6_000...14_000, using: &generator)
            if stop + 3_000 >= end { stop = end }
            let span = span(chunks.count, start, stop, leadIn: leadIn, forced: stop < end)
            chunks.append((span, result(hear(from: start, to: stop, jitter: jitter, withWords: withWords))))
            guard stop < end else { break }
            leadIn = Int.random(in: 1_200...1_900, using: &generator)
            start = stop - leadIn
        }
        return chunks
    }

    /// What is heard where another recording, of another channel, decided on the cuts.
    mutating func heard(over spans: [ChunkSpan], jitter: Int) -> [[TranscriptSegment]] {
        spans.map { hear(from: $0.startMilliseconds, to: $0.endMilliseconds, jitter: jitter, withWords: true) }
    }

    private mutating func hear(from start: Int, to stop: Int, jitter: Int, withWords: Bool) -> [TranscriptSegment] {
        var heard: [TranscriptWord] = []
        for word in words where word.end > start && word.start < stop {
            let isCut = word.start < start || word.end > stop
            guard let text = isCut ? garbled(word.text) : word.text else { continue }
            let shift = jitter == 0 ? 0 : Int.random(in: -jitter...jitter, using: &generator)
            let from = min(max(word.start + shift, start), stop)
            let to = min(max(word.end + shift, from), stop)
            heard.append(TranscriptWord(startMilliseconds: from, endMilliseconds: to, text: text, probability: 0.8))
        }
        var segments: [TranscriptSegment] = []
        var rest = heard[...]
        while !rest.isEmpty {
            let part = rest.prefix(Int.random(in: 1...12, using: &generator))
            rest = rest.dropFirst(part.count)
            segments.append(
                segment(
                    part.first?.startMilliseconds ?? 0, part.last?.endMilliseconds ?? 0,
                    part.map(\.text).joined(separator: " "), words: withWords ? Array(part) : []))
        }
        return segments
    }

    /// A word of which only a part was heard: missing, a part of it, or something else.
    private mutating func garbled(_ text: String) -> String? {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: nil
        case 1: String(text.prefix(max(1, text.count / 2)))
        case 2: String(text.suffix(max(1, text.count / 2)))
        default: "uh"
        }
    }
}

@Suite struct MergerPropertyTests {
    private static let vocabulary = """
        the of and to in that was his he it with is for as had you not be her on at by which have or from this him but \
        all she they were my are me one their so an said them we who would been will no when there if more out up into \
        country government question morning evening window captain president thousand remember together transcript \
        house little great against nothing himself people another without through between moment father mother light
        """.split(separator: " ").map(String.init)

    private func check(_ merged: [MergedChunk], _ chunks: [(ChunkSpan, ChunkResult)]) {
        var last = 0
        for (chunk, (span, _)) in zip(merged, chunks) {
            #expect(chunk.text == chunk.segments.map { $0.text + "\n" }.joined())
            for segment in chunk.segments {
                #expect(segment.startMilliseconds >= last)
                #expect(segment.endMilliseconds >= segment.startMilliseconds)
                #expect(segment.endMilliseconds <= span.endMilliseconds)
                last = segment.endMilliseconds
                var lastWord = segment.startMilliseconds
                for word in segment.words {
                    #expect(word.startMilliseconds >= lastWord && word.endMilliseconds >= word.startMilliseconds)
                    lastWord = word.endMilliseconds
                }
                #expect(lastWord <= segment.endMilliseconds)
                if !segment.words.isEmpty {
                    #expect(segment.words.map(\.text).joined(separator: " ") == segment.text)
                }
            }
        }
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `Overlapping chunks with noisy edges merge to the words that were said`(seed: UInt64) {
        var recording = SimulatedRecording(seed: seed, vocabulary: Self.vocabulary, wordCount: 300)
        let chunks = recording.chunks(jitter: 200, withWords: true)
        let merged = TranscriptMerger.merge(chunks)
        #expect(merged.words == recording.words.map(\.text), "seed \(seed)")
        check(merged, chunks)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `Exact times merge exactly even where the same few words repeat`(seed: UInt64) {
        var recording = SimulatedRecording(seed: seed, vocabulary: ["no", "never", "yes"], wordCount: 200)
        let chunks = recording.chunks(jitter: 0, withWords: true)
        let merged = TranscriptMerger.merge(chunks)
        #expect(merged.words == recording.words.map(\.text), "seed \(seed)")
        check(merged, chunks)
    }
}
