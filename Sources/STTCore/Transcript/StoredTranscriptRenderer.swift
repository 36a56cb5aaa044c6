/// Renders the bytes of a stored transcript. Some formats need the bytes several times over, from the beginning:
///
///     var renderer = StoredTranscriptRenderer(format)
///     repeat {
///         for piece in object { send(try renderer.push(piece)) }
///         send(try renderer.endPass())
///     } while renderer.needsAnotherPass
public struct StoredTranscriptRenderer: Sendable {
    private var renderer: any TranscriptRenderer
    private var reader = TranscriptReader()
    private var summary = TranscriptSummary()
    private var isFirstPass = true
    /// Whether the document has to be pushed once more. Valid after `endPass`.
    public private(set) var needsAnotherPass = true

    public init(_ format: TranscriptFormat, layout: SubtitleLayout = .standard) {
        renderer = format.makeRenderer(layout)
    }

    /// Takes the next bytes of the document.
    /// - Returns: The next bytes of the rendering.
    public mutating func push(_ bytes: some Collection<UInt8>) throws(TranscriptError) -> [UInt8] {
        var output: [UInt8] = []
        for record in try reader.push(bytes) {
            switch record {
            case .header(let header): if isFirstPass { output += renderer.begin(header) }
            case .chunk(let chunk): output += renderer.append(chunk)
            case .end(let summary): self.summary = summary
            }
        }
        return output
    }

    /// The document has no more bytes.
    public mutating func endPass() throws(TranscriptError) -> [UInt8] {
        try reader.finish()
        let end = renderer.endPass(summary)
        needsAnotherPass = end.needsAnotherPass
        isFirstPass = false
        reader = TranscriptReader()
        return end.bytes
    }
}
