import STTCore
import Synchronization

/// Something of each tenant that is read for all who ask at the same time.
///
/// - An answer is of a reading that began after the question: what was written before, and acknowledged, shows in it.
/// - One reading of a tenant runs at a time, so those who ask more often than it can be read wait, and nobody else.
/// - A reading is nobody's own: it goes on where the caller who came first is cancelled.
///
/// Concurrency: the mutex guards the readings that run or wait.
final class JoinedReadings<Value: Sendable>: Sendable {
    private struct Line {
        var running: Task<Value, Never>?
        /// Has not begun: everybody who asks now may have it.
        var next: Task<Value, Never>?
    }

    private let read: @Sendable (Tenant) async -> Value
    private let lines = Mutex<[Tenant: Line]>([:])

    init(read: @escaping @Sendable (Tenant) async -> Value) {
        self.read = read
    }

    func value(of tenant: Tenant) async -> Value {
        let task = lines.withLock { lines in
            if let next = lines[tenant]?.next { return next }
            let before = lines[tenant]?.running
            let task = Task {
                _ = await before?.value
                begin(tenant)
                let value = await read(tenant)
                end(tenant)
                return value
            }
            lines[tenant, default: Line()].next = task
            return task
        }
        return await task.value
    }

    /// Those who are read for or wait, for tests.
    var count: Int { lines.withLock { $0.count } }

    private func begin(_ tenant: Tenant) {
        lines.withLock { lines in
            let task = lines[tenant]?.next
            lines[tenant] = Line(running: task)
        }
    }

    private func end(_ tenant: Tenant) {
        lines.withLock { lines in
            if lines[tenant]?.next == nil { lines[tenant] = nil } else { lines[tenant]?.running = nil }
        }
    }
}
