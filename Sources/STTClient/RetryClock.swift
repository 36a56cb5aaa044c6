/// The time that repetitions are planned by; a test brings its own.
package struct RetryClock: Sendable {
    package var now: @Sendable () -> ContinuousClock.Instant
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    package static let system = RetryClock(now: { .now }, sleep: { try await Task.sleep(for: $0) })
}
