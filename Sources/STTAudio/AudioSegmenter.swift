/// Cuts a recording into chunks while it is being decoded.
public struct AudioSegmenter: Sendable {
    /// Makes a segmenter for a recording.
    public init(configuration: SegmenterConfiguration, startSample: Int = 0, firstIndex: Int = 0) {}

    /// Makes a segmenter that goes on after a chunk. Push from ``SegmenterCheckpoint/resumeSample`` on.
    public init(configuration: SegmenterConfiguration, resumingAfter checkpoint: SegmenterCheckpoint) {}

    /// Takes the next samples and returns the chunks that are now certain, in order.
    public mutating func push(_ samples: [Int16]) -> [AudioChunk] { [] }

    /// Ends the recording and returns the remaining chunks. Nothing may be pushed afterwards.
    public mutating func finish() -> [AudioChunk] { [] }
}
