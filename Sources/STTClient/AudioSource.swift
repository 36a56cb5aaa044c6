/// Where the bytes of an upload come from.
protocol AudioSource: Sendable {
    /// `nil`: unknown.
    var byteCount: Int? { get }
    var filename: String { get }
    /// Whether ``open()`` may be called again for the same bytes.
    var isRepeatable: Bool { get }
    func open() async throws(SpeechError) -> any AudioReader
}

/// Gives the bytes of an upload in order.
protocol AudioReader: AnyObject {
    /// The next bytes, never none; `nil` after the last.
    func read() async throws -> [UInt8]?
}

/// Bytes in memory.
struct BytesSource: AudioSource {
    let bytes: [UInt8]
    let filename: String

    var byteCount: Int? { bytes.count }
    var isRepeatable: Bool { true }

    func open() -> any AudioReader { Reader(bytes[...]) }

    private final class Reader: AudioReader {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        func read() -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(UploadPiece.byteCount) }
            return Array(rest.prefix(UploadPiece.byteCount))
        }
    }
}

/// Nothing to send: the server reads the audio elsewhere.
struct NoBytes: AudioSource {
    var byteCount: Int? { nil }
    var filename: String { "" }
    var isRepeatable: Bool { true }

    func open() -> any AudioReader { Reader() }

    private final class Reader: AudioReader {
        func read() -> [UInt8]? { nil }
    }
}

/// Bytes that somebody makes while they are sent. Can be read once only.
struct SequenceSource<Bytes: AsyncSequence & Sendable>: AudioSource where Bytes.Element == [UInt8] {
    let bytes: Bytes
    let filename: String
    let byteCount: Int?

    var isRepeatable: Bool { false }

    func open() -> any AudioReader { Reader(bytes.makeAsyncIterator()) }

    private final class Reader: AudioReader {
        private var iterator: Bytes.AsyncIterator
        private var pending: ArraySlice<UInt8> = []

        init(_ iterator: Bytes.AsyncIterator) { self.iterator = iterator }

        func read() async throws -> [UInt8]? {
            while pending.isEmpty {
                guard let next = try await iterator.next() else { return nil }
                pending = next[...]
            }
            defer { pending = pending.dropFirst(UploadPiece.byteCount) }
            return Array(pending.prefix(UploadPiece.byteCount))
        }
    }
}

enum UploadPiece {
    /// Bytes of audio in one message: two frames of the protocol.
    static let byteCount = 128 * 1024 - 64
}
