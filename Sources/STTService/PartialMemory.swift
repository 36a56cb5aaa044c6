import Synchronization

/// The bytes of partials that all jobs of a process keep. Past its limit each job keeps one page only.
///
/// Concurrency: atomic counts.
final class PartialMemory: Sendable {
    private let used = Atomic<Int>(0)
    private let encodes = Atomic<Int>(0)
    private let limit: Int

    init(limit: Int = 64 << 20) {
        self.limit = limit
    }

    var byteCount: Int { used.load(ordering: .relaxed) }
    var isFull: Bool { byteCount > limit }

    /// Partials that were encoded so far, for tests.
    var encodeCount: Int { encodes.load(ordering: .relaxed) }

    func countEncoding() {
        encodes.wrappingAdd(1, ordering: .relaxed)
    }

    func add(_ bytes: Int) {
        used.wrappingAdd(bytes, ordering: .relaxed)
    }
}
