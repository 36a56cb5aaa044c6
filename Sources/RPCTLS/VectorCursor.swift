internal import Glibc

/// Goes through gathered output and cuts it into records.
struct VectorCursor {
    private let vectors: UnsafeMutableBufferPointer<iovec>
    private var index = 0
    private var offset = 0
    /// Bytes to come.
    private(set) var left: Int

    init(_ vectors: UnsafeMutableBufferPointer<iovec>) {
        self.vectors = vectors
        left = vectors.reduce(0) { $0 + $1.iov_len }
    }

    mutating func skip(_ count: Int) {
        var count = count
        while count > 0 {
            let piece = current(atMost: count)
            advance(piece.count)
            count -= piece.count
        }
    }

    /// The next record's bytes: where they lie where they lie together, otherwise copied.
    mutating func next(gatheringInto record: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        let size = min(record.count, left)
        let first = current(atMost: size)
        if first.count == size {
            advance(size)
            return first
        }
        var filled = 0
        while filled < size {
            let piece = current(atMost: size - filled)
            UnsafeMutableRawBufferPointer(rebasing: record[filled...]).copyMemory(from: piece)
            filled += piece.count
            advance(piece.count)
        }
        return UnsafeRawBufferPointer(rebasing: record[..<size])
    }

    private mutating func current(atMost count: Int) -> UnsafeRawBufferPointer {
        while offset == vectors[index].iov_len {
            index += 1
            offset = 0
        }
        let vector = UnsafeRawBufferPointer(start: vectors[index].iov_base, count: vectors[index].iov_len)
        return UnsafeRawBufferPointer(rebasing: vector[offset...].prefix(count))
    }

    private mutating func advance(_ count: Int) {
        offset += count
        left -= count
    }
}
