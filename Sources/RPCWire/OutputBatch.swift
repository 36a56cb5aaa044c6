/// Bytes gathered for one write: short ones copied together, long ones referred to.
package struct OutputBatch {
    package enum Piece {
        /// A range of ``copied``.
        case copied(Range<Int>)
        /// A range of bytes in one part.
        case shared(SharedBytes, Range<Int>)

        package var count: Int {
            switch self {
            case .copied(let range), .shared(_, let range): range.count
            }
        }
    }

    /// Payloads up to this are copied: cheaper than one more piece.
    static let copyThreshold = 8 * 1024

    package private(set) var copied: [UInt8] = []
    package private(set) var pieces: [Piece] = []
    package private(set) var byteCount = 0
    /// Streams whose queued output fell and whose senders wait for that.
    package var unblocked: [Int] = []

    package init() {}

    package var isEmpty: Bool { byteCount == 0 }

    package mutating func removeAll() {
        copied.removeAll(keepingCapacity: true)
        pieces.removeAll(keepingCapacity: true)
        unblocked.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    package mutating func appendCopy(of bytes: [UInt8]) {
        copy { $0.append(contentsOf: bytes) }
    }

    /// Takes bytes over. Many are not copied, where the batch has none yet: it keeps their memory for the next.
    mutating func append(moving bytes: inout [UInt8]) {
        guard bytes.count > Self.copyThreshold, isEmpty else {
            appendCopy(of: bytes)
            return bytes.removeAll(keepingCapacity: bytes.count <= 1024)
        }
        copied = bytes
        bytes = []
        byteCount = copied.count
        pieces.append(.copied(0..<copied.count))
    }

    package mutating func append(_ header: FrameHeader) {
        copy { header.write(to: &$0) }
    }

    package mutating func append(_ bytes: SharedBytes, _ range: Range<Int>) {
        guard let tail = bytes.tail else { return append(bytes.head, range, of: bytes) }
        let border = bytes.head.count
        if range.lowerBound < border {
            append(bytes.head, range.lowerBound..<min(range.upperBound, border), of: SharedBytes(bytes.head))
        }
        if range.upperBound > border {
            let rest = max(range.lowerBound, border) - border..<range.upperBound - border
            append(tail, rest, of: SharedBytes(tail))
        }
    }

    private mutating func append(_ part: [UInt8], _ range: Range<Int>, of bytes: SharedBytes) {
        if range.count <= Self.copyThreshold {
            copy { $0.append(contentsOf: part[range]) }
        } else {
            pieces.append(.shared(bytes, range))
            byteCount += range.count
        }
    }

    private mutating func copy(_ body: (inout [UInt8]) -> Void) {
        let start = copied.count
        body(&copied)
        let end = copied.count
        byteCount += end - start
        if case .copied(let range)? = pieces.last, range.upperBound == start {
            pieces[pieces.count - 1] = .copied(range.lowerBound..<end)
        } else if end > start {
            pieces.append(.copied(start..<end))
        }
    }
}
