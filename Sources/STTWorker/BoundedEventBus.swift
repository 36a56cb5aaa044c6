import STTCore

/// An event bus whose calls are waited for up to a limit only.
///
/// Concurrency: none of its own.
struct BoundedEventBus: EventBus {
    let base: any EventBus
    let limit: CallLimit
    /// Shorter: an event that is late is worth little.
    let hintLimit: CallLimit
    let time: WorkerTime

    func publish(_ event: JobEvent) async throws(PortError) {
        try await bounded(by: hintLimit, "event bus", time: time) { [base] () async throws(PortError) in
            try await base.publish(event)
        }
    }

    func subscribe(to job: JobID) async throws(PortError) -> EventSubscription<JobEvent> {
        try await bounded(by: limit, "event bus", time: time) { [base] () async throws(PortError) in
            try await base.subscribe(to: job)
        }
    }

    func publish(control event: ControlEvent) async throws(PortError) {
        try await bounded(by: hintLimit, "event bus", time: time) { [base] () async throws(PortError) in
            try await base.publish(control: event)
        }
    }

    func subscribeToControl() async throws(PortError) -> EventSubscription<ControlEvent> {
        try await bounded(by: limit, "event bus", time: time) { [base] () async throws(PortError) in
            try await base.subscribeToControl()
        }
    }
}
