internal import DequeModule
internal import Glibc
internal import RPCWire

extension OutputBatch {
    /// At most so many pieces are written at once.
    private static let maxVectors = 64

    /// Calls `body` with the batch as the system takes it. The pointers are valid during the call only.
    func withVectors<R>(_ body: (UnsafeMutableBufferPointer<iovec>) -> R) -> R {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.maxVectors) { vectors in
            copied.withUnsafeBytes { copied in fill(vectors, from: 0, copied, body) }
        }
    }

    /// Pins one shared piece a level, for its bytes may only be pointed to within a closure.
    private func fill<R>(
        _ vectors: UnsafeMutableBufferPointer<iovec>, from start: Int, _ copied: UnsafeRawBufferPointer,
        _ body: (UnsafeMutableBufferPointer<iovec>) -> R
    ) -> R {
        var index = start
        while index < min(pieces.count, vectors.count) {
            switch pieces[index] {
            case .copied(let range):
                vectors[index] = iovec(UnsafeRawBufferPointer(rebasing: copied[range]))
            case .shared(let shared, let range):
                return shared.head.withUnsafeBytes { bytes in
                    vectors[index] = iovec(UnsafeRawBufferPointer(rebasing: bytes[range]))
                    return fill(vectors, from: index + 1, copied, body)
                }
            }
            index += 1
        }
        return body(UnsafeMutableBufferPointer(rebasing: vectors[..<index]))
    }

    /// Puts what follows the first `count` bytes into `rest`.
    func keepRest(after count: Int, in rest: inout UnsentOutput) {
        guard count < byteCount else { return }
        var skip = count
        for piece in pieces {
            guard skip < piece.count else {
                skip -= piece.count
                continue
            }
            switch piece {
            case .copied(let range):
                let bytes = SharedBytes(Array(copied[(range.lowerBound + skip)..<range.upperBound]))
                rest.append(bytes, 0..<bytes.count)
            case .shared(let bytes, let range):
                rest.append(bytes, (range.lowerBound + skip)..<range.upperBound)
            }
            skip = 0
        }
    }
}

/// Output that the transport did not take, oldest first.
struct UnsentOutput {
    /// Each in one part.
    private(set) var pieces: Deque<(SharedBytes, Range<Int>)> = []
    private(set) var byteCount = 0
    /// Enough for all that one batch leaves.
    private static let maxVectors = 64

    var isEmpty: Bool { pieces.isEmpty }

    mutating func append(_ bytes: SharedBytes, _ range: Range<Int>) {
        pieces.append((bytes, range))
        byteCount += range.count
    }

    mutating func removeAll() {
        pieces = []
        byteCount = 0
    }

    mutating func removeFirst(_ count: Int) {
        var left = count
        byteCount -= count
        while left > 0, let (_, range) = pieces.first {
            if left < range.count {
                pieces[0].1 = range.lowerBound + left..<range.upperBound
                return
            }
            left -= range.count
            pieces.removeFirst()
        }
        if pieces.isEmpty { pieces = [] }
    }

    /// Calls `body` with what is left as the system takes it. The pointers are valid during the call only.
    func withVectors<R>(_ body: (UnsafeMutableBufferPointer<iovec>) -> R) -> R {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.maxVectors) { fill($0, from: 0, body) }
    }

    private func fill<R>(
        _ vectors: UnsafeMutableBufferPointer<iovec>, from index: Int,
        _ body: (UnsafeMutableBufferPointer<iovec>) -> R
    ) -> R {
        guard index < min(pieces.count, vectors.count) else {
            return body(UnsafeMutableBufferPointer(rebasing: vectors[..<index]))
        }
        let (shared, range) = pieces[index]
        return shared.head.withUnsafeBytes { bytes in
            vectors[index] = iovec(UnsafeRawBufferPointer(rebasing: bytes[range]))
            return fill(vectors, from: index + 1, body)
        }
    }
}

extension iovec {
    /// Writing only reads what it points to.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
