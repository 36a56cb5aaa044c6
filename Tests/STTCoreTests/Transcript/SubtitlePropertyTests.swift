import STTCore
import Testing

@Suite struct SubtitlePropertyTests {
    private struct Speech {
        var segments: [TranscriptSegment] = []
        /// When each word begins; words are numbered through.
        var starts: [Int] = []
        var end = 0
    }

    /// What some channels say, each word once: "w12", with letters before to make it longer, and punctuation.
    private func speech(_ channels: Int, using generator: inout SeededGenerator) -> Speech {
        var speech = Speech()
        for channel in 1...channels {
            var time = Int.random(in: 0...3_000, using: &generator)
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                var words: [TranscriptWord] = []
                for _ in 0..<Int.random(in: 1...40, using: &generator) {
                    if Int.random(in: 0..<8, using: &generator) == 0 {
                        time += Int.random(in: 0...2_500, using: &generator)
                    }
                    let length = Int.random(in: 60...700, using: &generator)
                    let head = String(repeating: "x", count: Int.random(in: 0...9, using: &generator))
                    let mark = ["", "", "", "", ",", "."].randomElement(using: &generator) ?? ""
                    words.append(
                        TranscriptWord(
                            startMilliseconds: time, endMilliseconds: time + length,
                            text: "\(head)w\(speech.starts.count)\(mark)", probability: 0.9))
                    speech.starts.append(time)
                    time += length
                }
                var segment = segment(
                    words[0].startMilliseconds, time, words.map(\.text).joined(separator: " "), words: words)
                segment.channel = channels > 1 ? channel : nil
                speech.segments.append(segment)
                time += Int.random(in: 0..<3, using: &generator) == 0 ? 0 : Int.random(in: 0...5_000, using: &generator)
            }
            speech.end = max(speech.end, time)
        }
        speech.segments.sort { $0.startMilliseconds < $1.startMilliseconds }
        return speech
    }

    private static func number(_ word: String) -> Int? {
        word.lastIndex(of: "w").flatMap { Int(word[word.index(after: $0)...].filter(\.isNumber)) }
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `All words stay in order, in cues that keep every limit`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let channels = Int.random(in: 1...3, using: &generator)
        let speech = speech(channels, using: &generator)
        let layout = SubtitleLayout(
            lineCharacters: seed % 2 == 0 ? 42 : .random(in: 24...60, using: &generator),
            lines: seed % 2 == 0 ? 2 : .random(in: 1...4, using: &generator))
        let stored = StoredTranscript(speech.segments, until: speech.end, separate: channels > 1)
        let cues = try SubtitleParser.parse(stored.direct(.vtt, layout: layout)).cues
        var words: [Int: [String]] = [:]
        for (index, cue) in cues.enumerated() {
            let name = "seed \(seed), cue \(index + 1)"
            let next = cues.indices.contains(index + 1) ? cues[index + 1].start : nil
            #expect(cue.end > cue.start && cue.end <= next ?? .max, "\(name)")
            #expect(cue.end - cue.start <= 7_000, "\(name)")
            var lines = cue.lines
            var channel = 0
            if lines[0].hasPrefix("<v Channel ") {
                channel = try #require(lines[0].dropFirst(11).first?.wholeNumberValue)
                lines[0].removeFirst(13)
            }
            #expect(lines.count <= layout.lines && lines.allSatisfy { $0.count <= layout.lineCharacters }, "\(name)")
            let spoken = lines.flatMap { $0.split(separator: " ").map(String.init) }
            words[channel, default: []] += spoken
            let said = speech.starts[try #require(Self.number(spoken[0]))]
            #expect(cue.start >= said && cue.start <= said + (channels > 1 ? 1_100 : 450), "\(name)")
            // Short, or faster than can be read, only for want of room.
            let duration = cue.end - cue.start
            let width = lines.joined(separator: " ").count
            if duration < 1_000 || duration < width * 1000 / 17 {
                #expect(cue.end == next || cue.end == speech.end || duration == 7_000, "\(name)")
            }
        }
        for (channel, said) in words {
            let segments = speech.segments.filter { ($0.channel ?? 0) == channel }
            #expect(said == segments.flatMap { $0.words.map(\.text) }, "seed \(seed)")
        }
        #expect(words.values.reduce(0) { $0 + $1.count } == speech.starts.count)
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `The chunks that segments come in make no difference`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let speech = speech(2, using: &generator)
        let whole = StoredTranscript(speech.segments, until: speech.end, separate: true)
        var parts = StoredTranscript(
            speech.segments.enumerated().map { index, segment in
                MergedChunk(
                    index: index, startMilliseconds: segment.startMilliseconds,
                    endMilliseconds: segment.endMilliseconds, segments: [segment])
            })
        parts.header = whole.header
        for format in [TranscriptFormat.srt, .vtt, .lrc, .txt, .tsv] {
            #expect(parts.direct(format) == whole.direct(format))
        }
    }
}
