/// What a transcript can be rendered as. `docs/FORMATS.md` describes each.
public enum TranscriptFormat: String, Sendable, Codable, CaseIterable {
    case json
    case txt
    case srt
    case vtt
    case tsv
    case lrc

    /// Without the dot.
    public var fileExtension: String { rawValue }

    public var mimeType: String {
        switch self {
        case .json: "application/json"
        case .txt: "text/plain; charset=utf-8"
        case .srt: "application/x-subrip; charset=utf-8"
        case .vtt: "text/vtt; charset=utf-8"
        case .tsv: "text/tab-separated-values; charset=utf-8"
        case .lrc: "application/x-lrc; charset=utf-8"
        }
    }

    /// - Parameter layout: Of subtitles; the other formats leave it aside.
    public func makeRenderer(_ layout: SubtitleLayout = .standard) -> any TranscriptRenderer {
        switch self {
        case .json: JSONTranscriptRenderer()
        case .txt: PlainTextRenderer()
        case .srt: SubtitleRenderer(.srt, layout: layout)
        case .vtt: SubtitleRenderer(.vtt, layout: layout)
        case .tsv: TSVRenderer()
        case .lrc: LyricsRenderer()
        }
    }
}

/// Renders a transcript piece by piece in constant memory. Equal input yields equal bytes.
///
/// One `begin`; then passes over the chunks, each an `append` per chunk and one `endPass`, until that says that no more
/// passes are needed. `StoredTranscriptRenderer` does this with stored bytes.
public protocol TranscriptRenderer: Sendable {
    mutating func begin(_ header: TranscriptHeader) -> [UInt8]
    mutating func append(_ chunk: TranscriptChunk) -> [UInt8]
    /// - Parameter summary: Counts of the pass.
    mutating func endPass(_ summary: TranscriptSummary) -> TranscriptPassEnd
}

/// How a pass over the chunks ends.
public struct TranscriptPassEnd: Sendable, Hashable {
    public var bytes: [UInt8]
    /// Whether the chunks have to be appended once more.
    public var needsAnotherPass: Bool

    public init(bytes: [UInt8] = [], needsAnotherPass: Bool = false) {
        self.bytes = bytes
        self.needsAnotherPass = needsAnotherPass
    }
}

extension TranscriptRenderer {
    public mutating func endPass(_ summary: TranscriptSummary) -> TranscriptPassEnd { TranscriptPassEnd() }
}
