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
                return shared.bytes.withUnsafeBytes { bytes in
                    vectors[index] = iovec(UnsafeRawBufferPointer(rebasing: bytes[range]))
                    return fill(vectors, from: index + 1, copied, body)
                }
            }
            index += 1
        }
        return body(UnsafeMutableBufferPointer(rebasing: vectors[..<index]))
    }

    /// Moves what follows the first `count` bytes into `rest`.
    func keepRest(after count: Int, in rest: inout Deque<(SharedBytes, Range<Int>)>) {
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
                rest.append((bytes, 0..<bytes.count))
            case .shared(let bytes, let range):
                rest.append((bytes, (range.lowerBound + skip)..<range.upperBound))
            }
            skip = 0
        }
    }
}

extension SharedBytes {
    func withVector<R>(_ range: Range<Int>, _ body: (UnsafeMutableBufferPointer<iovec>) -> R) -> R {
        bytes.withUnsafeBytes { bytes in
            var vector = iovec(UnsafeRawBufferPointer(rebasing: bytes[range]))
            return withUnsafeMutablePointer(to: &vector) { body(UnsafeMutableBufferPointer(start: $0, count: 1)) }
        }
    }
}

extension iovec {
    /// Writing only reads what it points to.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
