import STTCore

/// A work queue whose calls are waited for up to a limit only; the wait for work has none.
///
/// Concurrency: none of its own.
struct BoundedQueue: WorkQueue {
    let base: any WorkQueue
    let limit: CallLimit
    let time: WorkerTime

    func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in try await base.enqueue(items, delay: delay) }
    }

    func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        let limit = CallLimit(time: nil, afterCancellation: limit.afterCancellation)
        return try await bounded(by: limit, "work queue", time: time) { [base] () async throws(PortError) in
            try await base.next(lane)
        }
    }

    func acknowledge(_ delivery: WorkDelivery) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in try await base.acknowledge(delivery) }
    }

    var depth: Int {
        get async throws(PortError) {
            try await limited { [base] () async throws(PortError) in try await base.depth }
        }
    }

    private func limited<Value: Sendable>(
        _ call: @escaping @Sendable () async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        try await bounded(by: limit, "work queue", time: time, call)
    }
}
