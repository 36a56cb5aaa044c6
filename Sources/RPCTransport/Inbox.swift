internal import DequeModule
internal import RPCWire

/// Messages that have come and that nobody has read.
///
/// Where several wait, short ones lie together: one by one, each would take several times the memory that its credit
/// stands for.
struct Inbox {
    /// One message, or a run of short ones.
    private struct Segment {
        var bytes: [UInt8]
        /// Of a single message; a run's messages cost their length and a header each.
        var flow: UInt64
        /// The lengths of a run; empty for a single message.
        var lengths: [UInt16] = []
        /// Messages of a run that were taken, and their bytes.
        var taken = 0
        var offset = 0

        /// Whether this is a run with room for so many bytes.
        func takes(_ count: Int) -> Bool {
            !lengths.isEmpty && lengths.count < Inbox.messagesOfRun && bytes.count + count <= Inbox.bytesOfRun
        }
    }

    private static let shortBytes = 2048
    private static let bytesOfRun = 16 * 1024
    private static let messagesOfRun = 4096
    /// So many messages may wait on their own.
    private static let singles = 4

    private var segments: Deque<Segment> = []

    var isEmpty: Bool { segments.isEmpty }

    /// - Parameters:
    ///   - owned: The message as an array, where there is one already.
    ///   - flow: What it cost.
    mutating func append(_ message: UnsafeRawBufferPointer, owned: [UInt8]?, flow: UInt64) {
        let isShort = message.count <= Self.shortBytes && flow == UInt64(message.count + FrameHeader.byteCount)
        guard isShort, segments.count >= Self.singles else {
            segments.append(Segment(bytes: owned ?? [UInt8](message), flow: flow))
            return
        }
        let last = segments.count - 1
        if segments[last].takes(message.count) {
            segments[last].bytes.append(contentsOf: message)
            segments[last].lengths.append(UInt16(message.count))
        } else {
            segments.append(Segment(bytes: [UInt8](message), flow: 0, lengths: [UInt16(message.count)]))
        }
    }

    /// Takes the oldest message.
    mutating func popFirst() -> (bytes: [UInt8], flow: UInt64)? {
        guard let first = segments.first else { return nil }
        if first.lengths.isEmpty {
            segments.removeFirst()
            if segments.isEmpty { segments = [] }
            return (first.bytes, first.flow)
        }
        let length = Int(first.lengths[first.taken])
        let message = Array(first.bytes[first.offset..<first.offset + length])
        if first.taken + 1 == first.lengths.count {
            segments.removeFirst()
            if segments.isEmpty { segments = [] }
        } else {
            segments[0].taken += 1
            segments[0].offset += length
        }
        return (message, UInt64(length + FrameHeader.byteCount))
    }

    mutating func removeAll() { segments = [] }
}
