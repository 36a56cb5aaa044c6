/// The stored transcript begins with it: what was transcribed, how and by what.
public struct TranscriptHeader: Sendable, Hashable {
    /// Of the document that this code writes. Version 1 knew no channels, flags and guards, nor the segmentations
    /// automatic and speech.
    public static let currentSchemaVersion = 2
    /// Of the documents that this code reads.
    public static let readableSchemaVersions = 1...currentSchemaVersion

    /// An older document is as the current version would have written it once it is read.
    public var schemaVersion: Int
    public var job: JobID
    public var filename: String
    public var audio: AudioFormat
    public var durationMilliseconds: Int
    public var options: TranscriptionOptions
    /// Such as "whisper-server".
    public var engine: String
    /// Such as "tiny.en".
    public var model: String
    /// ISO 639-1 code, asked for or detected. `nil`: unknown.
    public var language: String?
    /// When the job was created, so that merging it again yields the same bytes.
    public var createdAt: Timestamp

    public init(
        job: JobID, filename: String, audio: AudioFormat, durationMilliseconds: Int, options: TranscriptionOptions,
        engine: String, model: String, language: String?, createdAt: Timestamp
    ) {
        schemaVersion = Self.currentSchemaVersion
        self.job = job
        self.filename = filename
        self.audio = audio
        self.durationMilliseconds = durationMilliseconds
        self.options = options
        self.engine = engine
        self.model = model
        self.language = language
        self.createdAt = createdAt
    }
}

/// A merged chunk with how it came about.
public struct TranscriptChunk: Sendable, Hashable {
    public var merged: MergedChunk
    public var engineMilliseconds: Int
    /// Claims that the chunk took, the successful one included.
    public var attempts: Int

    public init(_ merged: MergedChunk, engineMilliseconds: Int, attempts: Int) {
        self.merged = merged
        self.engineMilliseconds = engineMilliseconds
        self.attempts = attempts
    }
}

/// The stored transcript ends with it, so that a truncated one is known as such.
public struct TranscriptSummary: Sendable, Hashable {
    public var chunks: Int
    public var segments: Int
    /// By the white space in the texts.
    public var words: Int
    public var gaps: Int
    public var guards: Int
    public var durationMilliseconds: Int

    public init(
        chunks: Int = 0, segments: Int = 0, words: Int = 0, gaps: Int = 0, guards: Int = 0,
        durationMilliseconds: Int = 0
    ) {
        self.chunks = chunks
        self.segments = segments
        self.words = words
        self.gaps = gaps
        self.guards = guards
        self.durationMilliseconds = durationMilliseconds
    }

    mutating func count(_ chunk: MergedChunk) {
        chunks += 1
        segments += chunk.segments.count
        gaps += chunk.gaps.count
        guards += chunk.guards.count
        for segment in chunk.segments {
            words += segment.text.unicodeScalars.split(whereSeparator: \.properties.isWhitespace).count
        }
    }
}

/// One line of the stored transcript.
public enum TranscriptRecord: Sendable, Hashable {
    case header(TranscriptHeader)
    case chunk(TranscriptChunk)
    case end(TranscriptSummary)
}

/// A stored transcript that cannot be read, or a chunk that cannot be stored.
public struct TranscriptError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// A line is not what it should be.
        case corrupt
        /// The document stops before its closing line.
        case truncated
        /// A line exceeds the limit.
        case lineTooLong
        /// Written by a later version of the software.
        case unsupportedVersion
        /// The closing line's counts differ from what was read.
        case countMismatch
    }

    public var code: Code
    /// From 1.
    public var line: Int
    public var message: String

    public init(_ code: Code, line: Int, _ message: String) {
        self.code = code
        self.line = line
        self.message = message
    }

    public var description: String { "transcript, line \(line): \(message)" }
}
