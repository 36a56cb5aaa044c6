/// LRC: a line for each segment, behind the time at which it begins. Gaps are not shown.
struct LyricsRenderer: TranscriptRenderer {
    func begin(_ header: TranscriptHeader) -> [UInt8] { [] }

    func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var output = ""
        for segment in chunk.merged.segments {
            output += "[\(Self.time(segment.startMilliseconds))]\(segment.text)\n"
        }
        return Array(output.utf8)
    }

    /// Minutes, seconds and hundredths. The minutes grow past 99.
    private static func time(_ milliseconds: Int) -> String {
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let hundredths = max(0, milliseconds) / 10
        return padded(hundredths / 6000) + ":" + padded(hundredths / 100 % 60) + "." + padded(hundredths % 100)
    }
}
