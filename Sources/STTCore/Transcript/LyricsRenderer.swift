/// LRC: what the file is, then a line for each segment behind the time at which it begins. Where word times were asked
/// for, each word has its own (enhanced LRC). Gaps are not shown.
struct LyricsRenderer: TranscriptRenderer {
    private var showsWords = false

    mutating func begin(_ header: TranscriptHeader) -> [UInt8] {
        showsWords = header.options.wordTimestamps
        let title = LineText.cleaned(header.filename)
        var output = title.isEmpty ? "" : "[ti:\(Self.withoutBrackets(title))]\n"
        let seconds = (header.durationMilliseconds + 500) / 1000
        output += "[length:\(Self.padded(seconds / 60)):\(Self.padded(seconds % 60))]\n[by:stt-rpc]\n\n"
        return Array(output.utf8)
    }

    func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var output = ""
        for segment in chunk.merged.segments {
            output += "[\(Self.time(segment.startMilliseconds))]"
            let label = segment.channel.map { "Channel \($0): " } ?? ""
            let text = label + (showsWords && !segment.words.isEmpty ? Self.timed(segment) : segment.text)
            // A second bracket would be taken for a second tag.
            if text.first == "[" { output += " " }
            output += text + "\n"
        }
        return Array(output.utf8)
    }

    /// The text with the time of each word before it and the end of the last one behind.
    private static func timed(_ segment: TranscriptSegment) -> String {
        var text = ""
        let tokens = segment.tokens
        for token in tokens {
            if token.followsSpace, !text.isEmpty { text += " " }
            text += "<\(time(token.startMilliseconds))>\(token.text)"
        }
        return text + (tokens.last.map { "<\(time($0.endMilliseconds))>" } ?? "")
    }

    /// Minutes, seconds and hundredths. There are no hours: the minutes grow past 99.
    private static func time(_ milliseconds: Int) -> String {
        let hundredths = max(0, milliseconds) / 10
        return padded(hundredths / 6000) + ":" + padded(hundredths / 100 % 60) + "." + padded(hundredths % 100)
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

    private static func withoutBrackets(_ text: String) -> String {
        String(text.map { $0 == "[" ? "(" : $0 == "]" ? ")" : $0 })
    }
}
