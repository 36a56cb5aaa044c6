public import STTCore

/// A work queue whose calls fail as a plan says: "enqueue", "next", "acknowledge" and "depth". An item that is lost on
/// its way to the worker is a `loseReply` of "next".
///
/// Concurrency: none of its own.
public struct FaultyQueue: WorkQueue {
    private let base: any WorkQueue
    private let plan: FaultPlan

    /// - Parameters:
    ///   - base: Carries the calls out.
    ///   - plan: Sees each call first.
    public init(_ base: any WorkQueue, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    public func enqueue(_ items: [WorkItem], delay: Duration) async throws(PortError) {
        try await plan.perform("enqueue", job: items.first?.job, dropped: ()) { () async throws(PortError) in
            try await base.enqueue(items, delay: delay)
        }
    }

    public func next(_ lane: WorkLane) async throws(PortError) -> WorkDelivery {
        try await plan.perform("next") { () async throws(PortError) in try await base.next(lane) }
    }

    public func acknowledge(_ delivery: WorkDelivery) async throws(PortError) {
        try await plan.perform("acknowledge", job: delivery.item.job, dropped: ()) { () async throws(PortError) in
            try await base.acknowledge(delivery)
        }
    }

    public var depth: Int {
        get async throws(PortError) {
            try await plan.perform("depth") { () async throws(PortError) in try await base.depth }
        }
    }
}
