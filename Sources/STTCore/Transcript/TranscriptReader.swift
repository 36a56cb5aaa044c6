import struct Foundation.Data
import class Foundation.JSONDecoder

/// Reads a stored transcript from pieces of any size. Holds one line at most.
public struct TranscriptReader: Sendable {
    private var line: [UInt8] = []
    private var lineNumber = 0
    private var seen = TranscriptSummary()
    private var state = State.start
    private let maximumLineBytes: Int

    private enum State {
        case start, chunks, ended
    }

    public init(maximumLineBytes: Int = TranscriptWriter.maximumLineBytes) {
        self.maximumLineBytes = maximumLineBytes
    }

    /// Takes the next bytes. After an error the reader is of no more use.
    /// - Returns: The records that they complete.
    public mutating func push(_ bytes: some Collection<UInt8>) throws(TranscriptError) -> [TranscriptRecord] {
        var records: [TranscriptRecord] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try extend(by: rest[..<end])
            rest = rest[rest.index(after: end)...]
            lineNumber += 1
            records.append(try record())
            line.removeAll(keepingCapacity: true)
        }
        try extend(by: rest)
        return records
    }

    /// The document has no more bytes. Throws `truncated` where it should have.
    public mutating func finish() throws(TranscriptError) {
        guard state == .ended, line.isEmpty else {
            throw TranscriptError(
                .truncated, line: lineNumber + 1,
                state == .ended ? "bytes after the closing line" : "the document stops before its closing line")
        }
    }

    private mutating func extend(by bytes: some Collection<UInt8>) throws(TranscriptError) {
        guard line.count + bytes.count <= maximumLineBytes else {
            throw TranscriptError(
                .lineTooLong, line: lineNumber + 1, "the line has more than \(maximumLineBytes) bytes")
        }
        line += bytes
    }

    private mutating func record() throws(TranscriptError) -> TranscriptRecord {
        let decoded: TranscriptLine
        do {
            decoded = try JSONDecoder().decode(TranscriptLine.self, from: Data(line))
        } catch let error as DecodingError {
            throw corrupt(Self.explanation(of: error))
        } catch {
            throw corrupt("not JSON")
        }
        switch (state, decoded) {
        case (.start, .header(let header)):
            state = .chunks
            seen.durationMilliseconds = header.durationMilliseconds
            return .header(header)
        case (.start, .unsupported(let version)):
            throw TranscriptError(
                .unsupportedVersion, line: lineNumber,
                "schema version \(version); this program reads up to \(TranscriptHeader.currentSchemaVersion)")
        case (.chunks, .chunk(let chunk)):
            guard chunk.merged.index == seen.chunks else {
                throw corrupt("chunk \(chunk.merged.index) where \(seen.chunks) should be")
            }
            seen.count(chunk.merged)
            return .chunk(chunk)
        case (.chunks, .end(let summary)):
            // Notes of a kind that is not known here were left out.
            seen.guards = summary.guards
            guard summary == seen else {
                throw TranscriptError(
                    .countMismatch, line: lineNumber,
                    "the closing line counts \(Self.counts(summary)); read were \(Self.counts(seen))")
            }
            state = .ended
            return .end(summary)
        case (.start, _): throw corrupt("the first line is not a header")
        case (.chunks, _): throw corrupt("a second header")
        case (.ended, _): throw corrupt("a line after the closing line")
        }
    }

    private func corrupt(_ message: String) -> TranscriptError {
        TranscriptError(.corrupt, line: lineNumber, message)
    }

    private static func counts(_ summary: TranscriptSummary) -> String {
        "\(summary.chunks) chunks, \(summary.segments) segments, \(summary.words) words, \(summary.gaps) gaps"
            + " in \(summary.durationMilliseconds) ms"
    }

    private static func explanation(of error: DecodingError) -> String {
        func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            (context.codingPath + [key].compactMap { $0 }).map { $0.intValue.map(String.init) ?? $0.stringValue }
                .joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context, key)) is missing"
        case .valueNotFound(_, let context): return "\(path(context)) is null"
        case .typeMismatch(let type, let context): return "\(path(context)) is not of type \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "not JSON" : "\(path(context)): \(context.debugDescription)"
        @unknown default: return "not a line of a transcript"
        }
    }
}
