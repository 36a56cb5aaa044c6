import STTCore
import Testing

@Suite struct LongRecordingTests {
    /// Every string's bytes and every other value inside a value.
    private func size(of value: Any) -> Int {
        if let text = value as? String { return text.utf8.count }
        return Mirror(reflecting: value).children.reduce(1) { $0 + size(of: $1.value) }
    }

    /// Words of 1.5 s without a pause, cut every 24 s, the word before each cut heard twice.
    private func hours(_ count: Int) -> some Sequence<(ChunkSpan, ChunkResult)> {
        let chunks = count * 3_600 / 24
        return (0..<chunks).lazy.map { index in
            let start = index * 24_000 - (index == 0 ? 0 : 1_500)
            let end = (index + 1) * 24_000
            let words = (start / 1_500..<end / 1_500).map { "w\($0)" }.joined(separator: " ")
            return (
                span(index, start, end, leadIn: index == 0 ? 0 : 1_500, forced: index + 1 < chunks),
                result([spoken(start, end, words)])
            )
        }
    }

    @Test func `Ten hours pass through merger, writer, reader and renderers with state that does not grow`() throws {
        var merger = TranscriptMerger()
        var stored = StoredTranscript([])
        stored.header.durationMilliseconds = 36_000_000
        stored.header.options.wordTimestamps = true
        var writer = TranscriptWriter(stored.header)
        var renderers = TranscriptFormat.allCases.map { StoredTranscriptRenderer($0) }
        var reader = TranscriptReader()
        var largest: [Int] = []
        var wordCount = 0
        var nextWord = 0

        func feed(_ bytes: [UInt8]) throws {
            for index in renderers.indices { _ = try renderers[index].push(bytes) }
            for case .chunk(let chunk) in try reader.push(bytes) {
                for word in chunk.merged.text.split(whereSeparator: \.isWhitespace) {
                    #expect(word == "w\(nextWord)")
                    nextWord += 1
                }
            }
        }

        try feed(writer.begin())
        for (index, (span, result)) in hours(10).enumerated() {
            let merged = merger.fold(span, result)
            wordCount += merged.segments.reduce(0) { $0 + $1.words.count }
            try feed(try writer.append(TranscriptChunk(merged, engineMilliseconds: 1, attempts: 1)))
            if index % 150 == 100 {
                largest.append(size(of: merger) + size(of: writer) + size(of: reader) + size(of: renderers))
            }
        }
        try feed(writer.end())
        try reader.finish()
        for index in renderers.indices { _ = try renderers[index].endPass() }
        #expect(wordCount == 24_000 && nextWord == 24_000)
        #expect(largest.count == 10)
        let first = try #require(largest.first)
        #expect(largest.allSatisfy { $0 < first + 1_000 }, "\(largest)")
        #expect(first < 20_000)
    }
}
