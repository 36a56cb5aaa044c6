/// Bytes that wait to be sent.
struct OutputBuffer {
    private var bytes: [UInt8] = []
    private var sent = 0

    var count: Int { bytes.count - sent }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ new: [UInt8]) {
        bytes.append(contentsOf: new)
    }

    func withUnsent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
    }

    mutating func markSent(_ count: Int) {
        sent += count
        guard sent == bytes.count || sent > 1 << 16 else { return }
        bytes.removeSubrange(..<sent)
        sent = 0
    }
}
