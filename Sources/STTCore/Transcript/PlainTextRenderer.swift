/// The texts of the merged chunks, concatenated. Gaps are not shown.
struct PlainTextRenderer: TranscriptRenderer {
    func begin(_ header: TranscriptHeader) -> [UInt8] { [] }
    func append(_ chunk: TranscriptChunk) -> [UInt8] { Array(chunk.merged.text.utf8) }
}

/// Whisper's table: start and end in milliseconds and the text, separated by tabs; behind them the channel, where
/// channels were transcribed apart. Gaps are not shown.
struct TSVRenderer: TranscriptRenderer {
    private var showsChannel = false

    mutating func begin(_ header: TranscriptHeader) -> [UInt8] {
        showsChannel = header.options.channels == .separate
        return Array("start\tend\ttext\(showsChannel ? "\tchannel" : "")\n".utf8)
    }

    func append(_ chunk: TranscriptChunk) -> [UInt8] {
        var bytes: [UInt8] = []
        for segment in chunk.merged.segments {
            bytes += "\(segment.startMilliseconds)\t\(segment.endMilliseconds)\t".utf8
            for byte in segment.text.utf8 {
                bytes.append(byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte)
            }
            if showsChannel { bytes += "\t\(segment.channel.map(String.init) ?? "")".utf8 }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
