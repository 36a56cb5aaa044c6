public import STTCore

/// An event bus whose calls fail as a plan says: "publish", "subscribe", "publishControl" and "subscribeToControl".
///
/// Concurrency: none of its own.
public struct FaultyEventBus: EventBus {
    private let base: any EventBus
    private let plan: FaultPlan

    /// - Parameters:
    ///   - base: Carries the calls out.
    ///   - plan: Sees each call first.
    public init(_ base: any EventBus, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    public func publish(_ event: JobEvent) async throws(PortError) {
        var chunk: Int?
        if case .chunkDone(let done) = event { chunk = done.index }
        try await plan.perform("publish", job: event.job, chunk: chunk, dropped: ()) { () async throws(PortError) in
            try await base.publish(event)
        }
    }

    public func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent> {
        try await plan.perform("subscribe", job: job) { () async throws(PortError) in try await base.subscribe(to: job)
        }
    }

    public func publish(control event: ControlEvent) async throws(PortError) {
        try await plan.perform("publishControl", dropped: ()) { () async throws(PortError) in
            try await base.publish(control: event)
        }
    }

    public func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent> {
        try await plan.perform("subscribeToControl") { () async throws(PortError) in try await base.subscribeToControl()
        }
    }
}
