internal import DequeModule
internal import RPCWire

/// Messages that have come and that nobody has read.
///
/// Where several wait, short ones lie together: one by one, each would take several times the memory that its credit
/// stands for.
struct Inbox {
    /// One message, or a run of short ones.
    private enum Segment {
        case message(SharedBytes, flow: UInt64)
        case run(Run)
    }

    /// Its messages cost their length and a header each.
    private struct Run {
        var bytes: [UInt8]
        var lengths: [UInt16]
        /// Messages that were taken, and their bytes.
        var taken = 0
        var offset = 0

        init(_ message: SharedBytes) {
            bytes = message.head
            lengths = [UInt16(message.head.count)]
        }

        func takes(_ count: Int) -> Bool {
            lengths.count < Inbox.messagesOfRun && bytes.count + count <= Inbox.bytesOfRun
        }

        mutating func append(_ message: SharedBytes) {
            bytes.append(contentsOf: message.head)
            lengths.append(UInt16(message.head.count))
        }

        /// Takes the oldest message.
        mutating func next() -> [UInt8] {
            let length = Int(lengths[taken])
            defer {
                taken += 1
                offset += length
            }
            return Array(bytes[offset..<offset + length])
        }
    }

    private static let shortBytes = 2048
    private static let bytesOfRun = 16 * 1024
    private static let messagesOfRun = 4096
    /// So many messages may wait on their own.
    private static let singles = 4

    private var segments: Deque<Segment> = []

    var isEmpty: Bool { segments.isEmpty }

    /// - Parameter flow: What it cost.
    mutating func append(_ message: SharedBytes, flow: UInt64) {
        let isShort = message.count <= Self.shortBytes && flow == UInt64(message.count + FrameHeader.byteCount)
        guard isShort, message.tail == nil, segments.count >= Self.singles else {
            segments.append(.message(message, flow: flow))
            return
        }
        let last = segments.count - 1
        if case .run(var run) = segments[last], run.takes(message.count) {
            // Taken out meanwhile, so that its bytes are not copied.
            segments[last] = .message(message, flow: flow)
            run.append(message)
            segments[last] = .run(run)
        } else {
            segments.append(.run(Run(message)))
        }
    }

    /// Takes the oldest message.
    mutating func popFirst() -> (message: SharedBytes, flow: UInt64)? {
        switch segments.first {
        case nil: return nil
        case .message(let message, let flow):
            removeFirst()
            return (message, flow)
        case .run(var run):
            let bytes = run.next()
            if run.taken == run.lengths.count { removeFirst() } else { segments[0] = .run(run) }
            return (SharedBytes(bytes), UInt64(bytes.count + FrameHeader.byteCount))
        }
    }

    private mutating func removeFirst() {
        segments.removeFirst()
        // Gives the memory back: most streams have nothing waiting most of the time.
        if segments.isEmpty { segments = [] }
    }

    mutating func removeAll() { segments = [] }
}
