/// The time that passes, however the time of day is set: for limits, pauses and turns.
struct EngineTime: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let sleepUntil: @Sendable (Duration) async throws -> Void

    init(_ clock: some Clock<Duration> = ContinuousClock()) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleepUntil = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
    }

    /// Since this value was made.
    var now: Duration { elapsed() }

    func sleep(until time: Duration) async throws(EngineWaitCancelled) {
        do { try await sleepUntil(time) } catch { throw EngineWaitCancelled() }
    }
}

/// The task that waited was cancelled.
struct EngineWaitCancelled: Error {}
