import Glibc
import STTCore

/// Reads a file from its start, in pieces.
///
/// Concurrency: not Sendable; belongs to the call that made it.
struct ModelReader: ~Copyable {
    let path: String
    private(set) var offset = 0
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var next = 0

    private static let pieceBytes = 1 << 20

    init(path: String) throws(EngineError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw EngineError(.unavailable, "cannot read the model \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Whether nothing is left.
    mutating func isAtEnd() throws(EngineError) -> Bool {
        try fill()
        return next == buffer.count
    }

    /// Lends the next bytes, in pieces of any size.
    mutating func take(_ count: Int, _ body: (UnsafeRawBufferPointer) throws(EngineError) -> Void) throws(EngineError) {
        var left = count
        while left > 0 {
            try fill()
            let piece = min(left, buffer.count - next)
            guard piece > 0 else {
                throw EngineError(
                    .unavailable, "the model \(path) is incomplete: it ends \(left) bytes too early, at byte \(offset)")
            }
            let range = next..<next + piece
            let result: Result<Void, EngineError> = buffer.withUnsafeBytes { bytes in
                do throws(EngineError) {
                    return .success(try body(UnsafeRawBufferPointer(rebasing: bytes[range])))
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
            next += piece
            offset += piece
            left -= piece
        }
    }

    mutating func bytes(_ count: Int) throws(EngineError) -> [UInt8] {
        var bytes: [UInt8] = []
        try take(count) { (piece) throws(EngineError) in bytes += piece }
        return bytes
    }

    /// A 32-bit number, little-endian.
    mutating func number() throws(EngineError) -> Int {
        let bytes = try bytes(4)
        return Int(Int32(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))
    }

    private mutating func fill() throws(EngineError) {
        guard next == buffer.count else { return }
        if buffer.count != Self.pieceBytes { buffer = [UInt8](repeating: 0, count: Self.pieceBytes) }
        var count: Int
        repeat { count = read(descriptor, &buffer, Self.pieceBytes) } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw EngineError(.unavailable, "cannot read the model \(path): \(String(cString: strerror(errno)))")
        }
        buffer.removeLast(Self.pieceBytes - count)
        next = 0
    }
}
